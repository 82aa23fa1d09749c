// The draft: it ranks as the machine would where that is beyond doubt.

import { parseProgram } from '../../runtime/loop/parse.js';
import type { Choice } from '../../runtime/schedule/choice.js';
import { draft } from '../../runtime/schedule/cost.js';
import type { TuningMachine } from '../../runtime/schedule/machine.js';
import { spaceOf } from '../../runtime/schedule/space.js';
import { workloadOf } from '../../runtime/schedule/workload.js';

const machine: TuningMachine = {
  lanes: 16,
  vectorRegisters: 32,
  fmaPerCycle: 2,
  threads: 2,
  l1Bytes: 32 * 1024,
  l2Bytes: 1024 * 1024,
};
const choice: Choice = {
  vector: true,
  fused: true,
  swapped: false,
  lines: 1,
  rows: 1,
  columns: 1,
  turned: 0,
  unrolled: 0,
  chunks: 1,
};

/** a[rows,steps] times b[steps,columns]. */
function matmul(rows: number, steps: number, columns: number) {
  return parseProgram(`input a f32[${rows},${steps}]
constant b f32[${steps},${columns}]
output y f32[${rows},${columns}]
for m in 0..${rows}
  for n in 0..${columns}
    local s f32[]
    s[] = 0
    for k in 0..${steps} [reduce]
      s[] += a[m, k] * b[k, n]
    y[m, n] = s[]`);
}

function draftOf(program: ReturnType<typeof matmul>, changes: Partial<Choice>, on: TuningMachine = machine) {
  const chosen = { ...choice, ...changes };
  return draft(workloadOf(program, on, chosen), chosen, on);
}

test('a tile that reuses what it loads is cheaper than none, and one that fills its axis cheaper than one with a tail', () => {
  const program = matmul(56, 256, 256);
  const [none, full, tail] = [{}, { rows: 14, columns: 2 }, { rows: 13, columns: 2 }].map((tile) => draftOf(program, tile));
  expect(full?.compute).toBeLessThan((none?.compute ?? 0) / 2);
  expect(full?.compute).toBeLessThan(tail?.compute ?? 0);
});

test('a full tile comes close to the peak of the multiply-add units', () => {
  const cycles = draftOf(matmul(56, 256, 256), { rows: 14, columns: 2, unrolled: 0 }).compute;
  const least = (56 * 256 * 256) / machine.lanes / machine.fmaPerCycle;
  expect(cycles).toBeGreaterThan(least);
  expect(cycles).toBeLessThan(least * 1.3);
});

test('what fits the cache is brought in once', () => {
  const program = matmul(8, 16, 32);
  const bytes = (8 * 16 + 16 * 32 + 8 * 32) * 4;
  expect(draftOf(program, { rows: 4, columns: 2 }).l1Traffic * 32).toBe(bytes);
});

test('a constant that no cache holds is read again for every row, unless its columns go outside', () => {
  const program = matmul(64, 1024, 2048);
  const inside = draftOf(program, { rows: 4, columns: 2 });
  const outside = draftOf(program, { rows: 4, columns: 2, swapped: true });
  expect(outside.l2Traffic).toBeLessThan(inside.l2Traffic / 4);
});

test('an odd number of chunks leaves a thread idle at the end', () => {
  expect(draftOf(matmul(3, 64, 16), {}).imbalance).toBeCloseTo(4 / 3);
  expect(draftOf(matmul(4, 64, 16), {}).imbalance).toBe(1);
  expect(draftOf(matmul(3, 64, 16), { chunks: 8 }).chunks).toBe(3);
  expect(draftOf(matmul(3, 64, 48), { chunks: 8 }).chunks).toBe(9);
  expect(draftOf(matmul(3, 64, 16), {}, { ...machine, threads: 1 }).imbalance).toBe(1);
});

test('every draft of a space is a positive number', () => {
  const space = spaceOf(matmul(7, 19, 33), machine);
  for (const each of space.choices) expect(space.draftOf(each).total).toBeGreaterThan(0);
  expect(space.choices.every((each) => Number.isFinite(space.draftOf(each).total))).toBe(true);
});
