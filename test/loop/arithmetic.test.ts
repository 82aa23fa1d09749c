// The same program in float32 and in halves.

import { computesInHalves, widenProgram } from '../../runtime/loop/arithmetic.js';
import { printProgram } from '../../runtime/loop/print.js';
import { samples } from '../schedule/programs.js';

const all = samples(4);
/** Samples of one title stand in the same order whole and in halves. */
const pairs = all.flatMap((half, at) => {
  const order = all.slice(0, at).filter(({ title }) => title === half.title).length;
  const whole = all.filter(({ title }) => half.title === `${title} in halves`)[order];
  return whole === undefined ? [] : [{ title: half.title, half, whole }];
});

test.each(pairs)('$title: in float32 it is what was lowered in float32', ({ half, whole }) => {
  expect(printProgram(half.program)).not.toBe(printProgram(whole.program));
  expect(printProgram(widenProgram(half.program))).toBe(printProgram(whole.program));
  expect(computesInHalves(half.program)).toBe(false);
});

test('sums of halves are arithmetic in halves', () => {
  const narrow = all.filter(({ title }) => title.endsWith('computed in halves'));
  expect(narrow.length).toBeGreaterThan(3);
  expect(narrow.every(({ program }) => computesInHalves(program))).toBe(true);
});
