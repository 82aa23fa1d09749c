// Which spellings of an activation are recognized, and which lookalikes are not.

import { recognizeActivations } from '../../../runtime/graph/passes/recognize-activations.js';
import { after, dedent, expectUnchanged } from './equivalence.js';

const shape = 'f32[2,8]';

/** The operator that is left of a graph from `x` to `y`. */
function becomes(lines: string): string {
  const text = after(recognizeActivations, `input x: ${shape}\n${dedent(lines)}output y = y\n`);
  const nodes = text.split('\n').filter((line) => line.includes(' = ') && !/^(constant|output)/.test(line));
  return nodes.join('; ').replaceAll(`: ${shape}`, '');
}

test('x·sigmoid(x) is silu, in either order', () => {
  const silu = (a: string, b: string) =>
    becomes(`
    s: ${shape} = sigmoid(x)
    y: ${shape} = mul(${a}, ${b})
  `);
  expect(silu('x', 's')).toBe('y = silu(x)');
  expect(silu('s', 'x')).toBe('y = silu(x)');
});

test('x·tanh(softplus(x)) is mish', () => {
  const mish = `
    s: ${shape} = softplus(x)
    t: ${shape} = tanh(s)
    y: ${shape} = mul(x, t)
  `;
  expect(becomes(mish)).toBe('y = mish(x)');
});

test('all spellings of hard-swish are found', () => {
  const clipped = `
    constant three: f32[] = [3]
    constant six: f32[] = [6]
    constant sixth: f32[] = [0.1666666716337204]
    a: ${shape} = add(x, three)
    c: ${shape} = clip(a) {max: 6, min: 0}
  `;
  const spelled = (lines: string) => becomes(`${clipped.trimEnd()}\n    ${lines.trim()}\n  `);
  expect(spelled(`m: ${shape} = mul(x, c)\n    y: ${shape} = div(m, six)`)).toBe('y = hard-swish(x)');
  expect(spelled(`m: ${shape} = mul(c, x)\n    y: ${shape} = mul(sixth, m)`)).toBe('y = hard-swish(x)');
  expect(spelled(`d: ${shape} = div(c, six)\n    y: ${shape} = mul(x, d)`)).toBe('y = hard-swish(x)');
  expect(spelled(`y: ${shape} = mul(c, sixth)`)).toMatch(/^y = hard-sigmoid\(x\)/);
});

test('a gate that is read elsewhere, or of another value, is left alone', () => {
  expectUnchanged(
    recognizeActivations,
    `
    input x: f32[4]
    s: f32[4] = sigmoid(x)
    y: f32[4] = mul(x, s)
    output y = y
    output s = s
  `,
  );
  expectUnchanged(
    recognizeActivations,
    `
    input x: f32[4]
    input z: f32[4]
    s: f32[4] = sigmoid(x)
    y: f32[4] = mul(z, s)
    output y = y
  `,
  );
});

test('a clip that is no hard sigmoid is left alone', () => {
  expectUnchanged(
    recognizeActivations,
    `
    input x: f32[4]
    constant three: f32[] = [3]
    constant five: f32[] = [5]
    a: f32[4] = add(x, three)
    c: f32[4] = clip(a) {max: 6, min: 0}
    y: f32[4] = div(c, five)
    output y = y
  `,
  );
});
