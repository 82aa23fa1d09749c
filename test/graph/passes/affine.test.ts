// Scales and shifts by constants go into the convolution before them, where that is exact, and stay where it is not.

import { mergeAffine } from '../../../runtime/graph/passes/merge-affine.js';
import { splitBatchNorm } from '../../../runtime/graph/passes/split-batch-norm.js';
import { after, dedent, expectUnchanged } from './equivalence.js';

const convAttributes = '{dilations: [1, 1], group: 1, pads: [0, 0, 0, 0], strides: [1, 1]}';

test('a batch norm becomes a scale and a shift a channel', () => {
  const text = `
    input x: f32[1,2,1,2]
    constant scale: f32[2] = [2, 3]
    constant bias: f32[2] = [1, 2]
    constant mean: f32[2] = [4, 8]
    constant variance: f32[2] = [3, 15]
    y: f32[1,2,1,2] = batch-norm(x, scale, bias, mean, variance) {epsilon: 1}
    output y = y
  `;
  expect(after(splitBatchNorm, text)).toBe(
    dedent(`
    input x: f32[1,2,1,2]
    constant y/scale: f32[2,1,1] = [1, 0.75]
    constant y/shift: f32[2,1,1] = [-3, -4]
    y/scaled: f32[1,2,1,2] = mul(x, y/scale)
    y: f32[1,2,1,2] = add(y/scaled, y/shift)
    output y = y
  `),
  );
});

test('a batch norm whose statistics are computed stays', () => {
  expectUnchanged(
    splitBatchNorm,
    `
    input x: f32[1,1,1,2]
    input s: f32[1]
    constant c: f32[1] = [1]
    y: f32[1,1,1,2] = batch-norm(x, s, c, c, c) {epsilon: 1}
    output y = y
  `,
  );
});

test('a scale and a shift end in the convolution before them, which gains a bias', () => {
  const text = `
    input x: f32[1,1,2,2]
    constant w: f32[2,1,1,1] = [3, 5]
    constant s: f32[2,1,1] = [2, -1]
    constant d: f32[1,2,1,1] = [10, 20]
    c: f32[1,2,2,2] = conv(x, w) ${convAttributes}
    m: f32[1,2,2,2] = mul(s, c)
    y: f32[1,2,2,2] = sub(m, d)
    output y = y
  `;
  expect(after(mergeAffine, text)).toBe(
    dedent(`
    input x: f32[1,1,2,2]
    constant m/weights: f32[2,1,1,1] = [6, -5]
    constant y/bias: f32[2] = [-10, -20]
    y: f32[1,2,2,2] = conv(x, m/weights, y/bias) ${convAttributes}
    output y = y
  `),
  );
});

test('a bias is scaled with the weights', () => {
  const text = `
    input x: f32[1,1,2,2]
    constant w: f32[2,1,1,1] = [3, 5]
    constant b: f32[2] = [1, 2]
    constant half: f32[] = [2]
    c: f32[1,2,2,2] = conv(x, w, b) ${convAttributes}
    y: f32[1,2,2,2] = div(c, half)
    output y = y
  `;
  expect(after(mergeAffine, text)).toContain('constant y/bias: f32[2] = [0.5, 1]');
});

test('a convolution that something else reads too keeps its scale apart', () => {
  expectUnchanged(
    mergeAffine,
    `
    input x: f32[1,1,2,2]
    constant w: f32[2,1,1,1] = [3, 5]
    constant s: f32[2,1,1] = [2, -1]
    c: f32[1,2,2,2] = conv(x, w) ${convAttributes}
    y: f32[1,2,2,2] = mul(c, s)
    output y = y
    output c = c
  `,
  );
});

test('a constant that varies along another axis than the channels stays', () => {
  expectUnchanged(
    mergeAffine,
    `
    input x: f32[1,1,2,2]
    constant w: f32[2,1,1,1] = [3, 5]
    constant s: f32[2] = [2, -1]
    c: f32[1,2,2,2] = conv(x, w) ${convAttributes}
    y: f32[1,2,2,2] = mul(c, s)
    output y = y
  `,
  );
});

test('scales and shifts in a row become one of each', () => {
  const text = `
    input x: f32[1,2,2,2]
    constant a: f32[2,1,1] = [2, 3]
    constant b: f32[2,1,1] = [1, -1]
    constant c: f32[2,1,1] = [5, 7]
    constant d: f32[] = [100]
    t: f32[1,2,2,2] = mul(x, a)
    u: f32[1,2,2,2] = add(t, b)
    v: f32[1,2,2,2] = mul(u, c)
    y: f32[1,2,2,2] = add(v, d)
    output y = y
  `;
  expect(after(mergeAffine, text)).toBe(
    dedent(`
    input x: f32[1,2,2,2]
    constant v/scale: f32[2,1,1] = [10, 21]
    constant y/add: f32[2,1,1] = [105, 93]
    v/scaled: f32[1,2,2,2] = mul(x, v/scale)
    y: f32[1,2,2,2] = add(v/scaled, y/add)
    output y = y
  `),
  );
});

test('a division by zero is not moved', () => {
  expectUnchanged(
    mergeAffine,
    `
    input x: f32[1,1,2,2]
    constant w: f32[1,1,1,1] = [3]
    constant zero: f32[] = [0]
    c: f32[1,1,2,2] = conv(x, w) ${convAttributes}
    y: f32[1,1,2,2] = div(c, zero)
    output y = y
  `,
  );
});
