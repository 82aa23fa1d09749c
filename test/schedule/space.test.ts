// The space of schedules: whatever is in it is legal and computes the same, and the default is where it starts.

import type { Tensor } from '../../runtime/core/tensor.js';
import { runProgram } from '../../runtime/loop/interpret.js';
import { verifyProgram } from '../../runtime/loop/verify.js';
import { apply } from '../../runtime/schedule/apply.js';
import { choiceKey } from '../../runtime/schedule/choice.js';
import { defaultSchedule } from '../../runtime/schedule/default.js';
import { scheduleFor } from '../../runtime/schedule/derive.js';
import type { TuningMachine } from '../../runtime/schedule/machine.js';
import { spaceOf } from '../../runtime/schedule/space.js';
import { distance, feedsOf, type Sample, samples } from './programs.js';

const machine: TuningMachine = {
  lanes: 4,
  vectorRegisters: 32,
  fmaPerCycle: 2,
  threads: 2,
  l1Bytes: 32 * 1024,
  l2Bytes: 1024 * 1024,
};
const all = samples(machine.lanes);
/** Of each program so many choices are run, evenly spread over the space. */
const tried = 6;

function named(title: RegExp): Sample {
  const sample = all.find((candidate) => title.test(candidate.title));
  if (sample === undefined) throw new Error(`no sample ${title}`);
  return sample;
}

test.each(all)('$title: every choice gives a legal schedule and the same result', ({ title, program }) => {
  const space = spaceOf(program, machine);
  const want = runProgram(program, feedsOf(program));
  const step = Math.max(1, Math.floor(space.choices.length / tried));
  for (let i = 0; i < space.choices.length; i += step) {
    const choice = space.choices[i] ?? space.start;
    const applied = apply(scheduleFor(program, machine, choice), program);
    if (!applied.legal) throw new Error(`${choiceKey(choice)}: ${applied.reason}`);
    const got = runProgram(verifyProgram(applied.program), feedsOf(program));
    const tolerance = /softmax|norm/.test(title) ? 1e-5 : 0;
    for (const [name, tensor] of want) expect(distance(got.get(name) as Tensor, tensor)).toBeLessThanOrEqual(tolerance);
  }
});

test('the space starts at the default schedule', () => {
  for (const { program } of all) {
    const { start, choices } = spaceOf(program, machine);
    expect(choices[0]).toEqual(start);
    expect(scheduleFor(program, machine, start)).toEqual(defaultSchedule(program, machine));
  }
});

test('a convolution has tiles that do not divide its extents, and two orders of its reduction', () => {
  const { choices } = spaceOf(named(/^conv .*\[1,16,5,6\] in blocks/).program, machine);
  expect(new Set(choices.map(({ rows }) => rows))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
  expect(new Set(choices.map(({ turned }) => turned))).toEqual(new Set([0, 1]));
});

test('planes without a border are walked as one axis or two, with columns inside or outside, or without vectors', () => {
  const { choices } = spaceOf(named(/^conv .*\[1,16,5,6\] plain/).program, machine);
  expect(new Set(choices.map(({ vector, fused, swapped }) => [vector, fused, swapped].map(Number).join('')))).toEqual(
    new Set(['110', '111', '100', '101', '010']),
  );
});

test('no choice is there twice, and no tile needs more registers than there are', () => {
  for (const { program } of all) {
    const { choices } = spaceOf(program, machine);
    expect(new Set(choices.map(choiceKey)).size).toBe(choices.length);
    for (const { lines, rows, columns } of choices) expect(lines * rows * columns).toBeLessThanOrEqual(28);
  }
});

test('every neighbour differs from the choice and has neighbours of its own', () => {
  for (const { program } of all) {
    const space = spaceOf(program, machine);
    for (const neighbour of space.neighbours(space.start)) {
      expect(choiceKey(neighbour)).not.toBe(choiceKey(space.start));
      expect(space.neighbours(neighbour).length).toBeGreaterThan(0);
    }
  }
});
