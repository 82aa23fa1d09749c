// The text of programs: what it looks like, and that it reads back as the same program.

import fc from 'fast-check';
import { parseProgram } from '../../runtime/loop/parse.js';
import { printProgram } from '../../runtime/loop/print.js';
import { aProgram } from './generate.js';

const text = `
input x f32[4,8]
input at i64[4]
constant w f32[10]
output y f32[4,16]
packed wp f32[2,8] for o, i = {0 <= i + o * 8 < 10 ? w[i + o * 8] : 0}
for i in 0..4 [parallel]
  local a f32[2,8]
  for o in 0..2
    for v in 0..8 [vector]
      a[o, v] = 0
  for k in 0..8 [reduce, unroll]
    if 0 <= k + i - 1 < 8
      a[0, 0] += x[i, k + i - 1] * (wp[0, k] - 1) / 2
      a[0, 1] max= select(less(x[i, k], 0), -1.5, Infinity)
  for c in 0..16
    y[i, c] = exp(a[c / 8, c % 8]) + x[clamp(at[i], 0, 3), 0] + f32(index(c * 2):i64 + 1:i64)`.trim();

test('the text of a program is stable', () => {
  const printed = printProgram(parseProgram(text));
  expect(printProgram(parseProgram(printed))).toBe(printed);
  expect(printed).toBe(text.replaceAll('k + i - 1', 'i + k - 1').replace('c / 8', '(c) / 8').replace('c % 8', '(c) % 8'));
});

test('every program reads back as it was printed', () => {
  fc.assert(
    fc.property(fc.gen(), (g) => {
      const program = aProgram(g);
      expect(parseProgram(printProgram(program))).toEqual(program);
    }),
    { numRuns: 150 },
  );
});

test.each([
  ['for i in 0..4\n  y[j] = 0', 'there is no loop j in "y[j] = 0"'],
  ['y[0] = z[0]', 'there is no buffer z in "y[0] = z[0]"'],
  ['y[0] = frobnicate(1)', 'there is no operation frobnicate'],
  ['y[0] = 1 1', 'expected nothing more, found "1"'],
  ['y[0] = (1', 'expected ")", found the end'],
  ['y[0] = $', 'cannot read " $"'],
  ['output y f33[4]', 'f33 is no dtype'],
  ['y[0] = 1\n    y[0] = 2', 'wrong indentation in "y[0] = 2"'],
  ['for i in 0..4 [sideways]\n  y[i] = 0', 'sideways is no mode of a loop'],
])('%j is refused', (broken, message) => {
  expect(() => parseProgram(broken)).toThrow(message);
});
