// What joins the node that computes its input, and what keeps to itself.

import fc from 'fast-check';
import { fuse } from '../../../runtime/graph/passes/fuse.js';
import { optimize } from '../../../runtime/graph/passes/index.js';
import { verify } from '../../../runtime/graph/verify.js';
import { after, dedent, expectSame, expectUnchanged } from './equivalence.js';
import { networks } from './networks.js';

const conv = '{dilations: [1, 1], group: 1, pads: [0, 0, 0, 0], strides: [1, 1]}';

test('pointwise operators join the convolution before them', () => {
  const text = `
    input x: f32[1,2,1,2]
    constant w: f32[2,2,1,1] = [1, 2, 3, 4]
    constant half: f32[] = [0.5]
    c: f32[1,2,1,2] = conv(x, w) ${conv}
    r: f32[1,2,1,2] = relu(c)
    y: f32[1,2,1,2] = mul(half, r)
    output y = y
  `;
  expect(after(fuse, text)).toBe(
    dedent(`
    input x: f32[1,2,1,2]
    constant w: f32[2,2,1,1] = [1, 2, 3, 4]
    constant half: f32[] = [0.5]
    y: f32[1,2,1,2] = fused(x, w, half)
      c: f32[1,2,1,2] = conv(x, w) ${conv}
      r: f32[1,2,1,2] = relu(c)
      y: f32[1,2,1,2] = mul(half, r)
    output y = y
  `),
  );
});

test('pointwise operators join each other', () => {
  const text = `
    input x: f32[4]
    e: f32[4] = exp(x)
    y: f32[4] = neg(e)
    output y = y
  `;
  expect(after(fuse, text)).toBe(
    dedent(`
    input x: f32[4]
    y: f32[4] = fused(x)
      e: f32[4] = exp(x)
      y: f32[4] = neg(e)
    output y = y
  `),
  );
});

test.each(['add(c, e)', 'add(e, c)'])('a residual add joins the convolution and reads the lighter branch: %s', (sum) => {
  const text = `
    input x: f32[1,2,1,2]
    constant w: f32[2,2,1,1] = [1, 2, 3, 4]
    c: f32[1,2,1,2] = conv(x, w) ${conv}
    e: f32[1,2,1,2] = exp(x)
    y: f32[1,2,1,2] = ${sum}
    output y = y
  `;
  expect(after(fuse, text)).toBe(
    dedent(`
    input x: f32[1,2,1,2]
    constant w: f32[2,2,1,1] = [1, 2, 3, 4]
    e: f32[1,2,1,2] = exp(x)
    y: f32[1,2,1,2] = fused(x, w, e)
      c: f32[1,2,1,2] = conv(x, w) ${conv}
      y: f32[1,2,1,2] = ${sum}
    output y = y
  `),
  );
});

test('of two convolutions the later one takes the add', () => {
  const text = `
    input x: f32[1,1,1,2]
    constant v: f32[1,1,1,1] = [2]
    constant w: f32[1,1,1,1] = [3]
    b: f32[1,1,1,2] = conv(x, v) ${conv}
    c: f32[1,1,1,2] = conv(x, w) ${conv}
    y: f32[1,1,1,2] = add(c, b)
    output y = y
  `;
  expect(after(fuse, text)).toBe(
    dedent(`
    input x: f32[1,1,1,2]
    constant v: f32[1,1,1,1] = [2]
    constant w: f32[1,1,1,1] = [3]
    b: f32[1,1,1,2] = conv(x, v) ${conv}
    y: f32[1,1,1,2] = fused(x, w, b)
      c: f32[1,1,1,2] = conv(x, w) ${conv}
      y: f32[1,1,1,2] = add(c, b)
    output y = y
  `),
  );
});

test('a value that is read twice by one operator is stored nowhere either', () => {
  const text = `
    input x: f32[4]
    e: f32[4] = exp(x)
    y: f32[4] = mul(e, e)
    output y = y
  `;
  expect(after(fuse, text)).toContain('y: f32[4] = fused(x)\n');
});

test.each([
  [
    'a value that two operators read',
    `
      input x: f32[4]
      e: f32[4] = exp(x)
      y: f32[4] = neg(e)
      z: f32[4] = abs(e)
      output y = y
      output z = z
    `,
  ],
  [
    'a value that is an output',
    `
      input x: f32[4]
      e: f32[4] = exp(x)
      y: f32[4] = neg(e)
      output e = e
      output y = y
    `,
  ],
  [
    'what may lie in the memory of another value',
    `
      input x: f32[4]
      t: f32[2,2] = reshape(x) {shape: [2, 2]}
      y: f32[2,2] = neg(t)
      output y = y
    `,
  ],
  [
    'a value that is stretched on the way',
    `
      input x: f32[2]
      input z: f32[2,2]
      e: f32[2] = exp(x)
      y: f32[2,2] = mul(z, e)
      output y = y
    `,
  ],
  [
    'what has several outputs',
    `
      input x: f32[4]
      a: f32[2], b: f32[2] = split(x) {axis: 0, sizes: [2, 2]}
      y: f32[2] = neg(a)
      z: f32[2] = neg(b)
      output y = y
      output z = z
    `,
  ],
  [
    'what is not pointwise',
    `
      input x: f32[4]
      e: f32[4] = exp(x)
      y: f32[4] = softmax(e) {axis: 0}
      output y = y
    `,
  ],
])('nothing joins: %s', (_, text) => {
  expectUnchanged(fuse, text);
});

test('a body ends at 24 nodes', () => {
  const lines = Array.from({ length: 30 }, (_, i) => `    v${i + 1}: f32[2] = neg(v${i})`);
  const text = after(fuse, ['    input v0: f32[2]', ...lines, '    output y = v30'].join('\n'));
  const heads = text.split('\n').flatMap((line) => /^(\w+): .* = fused/.exec(line)?.[1] ?? []);
  expect(heads).toEqual(['v24', 'v30']);
});

test('fusion never changes what a graph computes', () => {
  fc.assert(
    fc.property(networks, (graph) => {
      expectSame(graph, verify(fuse(graph)), 1e-5);
      expectSame(graph, verify(fuse(optimize(graph))), 1e-5);
    }),
    { numRuns: 50 },
  );
});
