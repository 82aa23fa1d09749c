// The law of schedules: no schedule changes what a program computes, and a step that is not legal gives a reason and does not throw.

import fc, { type GeneratorValue } from 'fast-check';
import type { Tensor } from '../../runtime/core/tensor.js';
import { runProgram } from '../../runtime/loop/interpret.js';
import { printProgram } from '../../runtime/loop/print.js';
import type { Program } from '../../runtime/loop/program.js';
import { visitStatements } from '../../runtime/loop/statement.js';
import { verifyProgram } from '../../runtime/loop/verify.js';
import { apply } from '../../runtime/schedule/apply.js';
import { defaultSchedule } from '../../runtime/schedule/default.js';
import type { Schedule, Step } from '../../runtime/schedule/steps.js';
import { aProgram } from '../loop/generate.js';
import { distance, feedsOf, halfStep, type Sample, samples } from './programs.js';

const all = samples(4);
const results = new Map<Sample, Map<string, Tensor>>();

/** What a sample computes without a schedule. */
function truth(sample: Sample): Map<string, Tensor> {
  const known = results.get(sample) ?? runProgram(sample.program, feedsOf(sample.program));
  results.set(sample, known);
  return known;
}

function oneOf<T>(g: GeneratorValue, items: readonly T[]): T {
  return items[g(fc.integer, { min: 0, max: items.length - 1 })] as T;
}

/** A step that names loops and buffers of the program, and now and then one that it has not. */
function aStep(g: GeneratorValue, program: Program, count: number): Step {
  const names = new Set(['none']);
  const nested: [string, string][] = [['none', 'none']];
  visitStatements(program.body, (statement, around) => {
    if (statement.kind !== 'for') return;
    names.add(statement.name);
    const outer = around.at(-1);
    if (outer !== undefined) nested.push([outer.name, statement.name]);
  });
  const loop = oneOf(g, [...names]);
  const [outer, inner] = oneOf(g, nested);
  const some = [...names].filter(() => g(fc.boolean));
  const number = g(fc.integer, { min: 0, max: 9 });
  return oneOf<Step>(g, [
    { step: 'split', loop, factor: number, outer: `s${count}`, inner: `u${count}` },
    { step: 'split', loop, factor: 4, outer: `s${count}`, inner: `u${count}` },
    { step: 'fuse', outer, inner, name: `p${count}` },
    { step: 'reorder', loops: [inner, outer] },
    { step: 'reorder', loops: some },
    { step: 'sink', loop },
    { step: 'cut', loop, at: number },
    { step: 'cut', loop, at: 1 },
    { step: 'pack', buffer: oneOf(g, [...program.buffers.map(({ name }) => name), 'none']), loops: some },
    { step: 'pack', buffer: 'k0', loops: [...names].filter((name) => name !== 'none') },
    { step: 'rfactor', loop },
    { step: oneOf(g, ['vectorize', 'unroll', 'parallel'] as const), loop },
    { step: 'bind', loop, dimension: oneOf(g, [0, 1, 2] as const), group: number },
    { step: 'bind', loop, dimension: oneOf(g, [0, 1, 2] as const), group: 4 },
  ]);
}

/** The legal ones of random steps; every other one has a reason. */
function aSchedule(g: GeneratorValue, program: Program): { schedule: Schedule; scheduled: Program } {
  const schedule: Step[] = [];
  let scheduled = program;
  for (let count = 0; count < 8; count++) {
    const step = aStep(g, scheduled, count);
    const applied = apply([step], scheduled);
    if (applied.legal) {
      schedule.push(step);
      scheduled = applied.program;
    } else {
      expect(applied).toEqual({ legal: false, step: 0, reason: expect.stringMatching(/./) });
    }
  }
  return { schedule, scheduled };
}

/** Sums of whole numbers are exact in every order, those of quotients and exponentials are not. */
function toleranceOf({ title }: Sample): number {
  return /softmax|norm/.test(title) ? (title.endsWith('halves') ? halfStep : 1e-5) : 0;
}

/** Valid, but for an index that verify cannot prove to be inside: the interpreter looks at every index when it runs. */
function expectValid(program: Program): void {
  try {
    verifyProgram(program);
  } catch (error) {
    expect(String(error)).toMatch(/its axis has/);
  }
}

function expectSame(sample: Sample, scheduled: Program): void {
  const got = runProgram(scheduled, feedsOf(sample.program));
  for (const [name, want] of truth(sample)) {
    expect(distance(got.get(name) as Tensor, want)).toBeLessThanOrEqual(toleranceOf(sample));
  }
}

test('no schedule changes what a program computes', () => {
  fc.assert(
    fc.property(fc.constantFrom(...all), fc.gen(), (sample, g) => {
      const { schedule, scheduled } = aSchedule(g, sample.program);
      expectValid(scheduled);
      expectSame(sample, scheduled);
      const replayed = apply(JSON.parse(JSON.stringify(schedule)), sample.program);
      expect(replayed.legal && printProgram(replayed.program)).toBe(printProgram(scheduled));
    }),
    { numRuns: 250 },
  );
});

test('programs of any form are scheduled or refused with a reason', () => {
  fc.assert(
    fc.property(fc.gen(), (g) => {
      aSchedule(g, aProgram(g));
    }),
    { numRuns: 300 },
  );
});

test('the first step that is not legal is named, and none after it is tried', () => {
  const { program } = all[0] as Sample;
  const unroll: Step = { step: 'unroll', loop: 'w' };
  expect(apply([unroll, { step: 'sink', loop: 'none' }, unroll], program)).toEqual({
    legal: false,
    step: 1,
    reason: 'there is no loop none',
  });
});

describe.each([4, 8, 16])('with %i lanes', (lanes) => {
  const registers = lanes === 8 ? 16 : 32;
  const machine = { lanes, vectorRegisters: registers, fmaPerCycle: 2, threads: 2 };

  test.each(samples(lanes))('$title: every step of the default schedule is legal and the result the same', (sample) => {
    const applied = apply(defaultSchedule(sample.program, machine), sample.program);
    expect(applied).toMatchObject({ legal: true });
    if (applied.legal) expectSame(sample, verifyProgram(applied.program));
  });
});
