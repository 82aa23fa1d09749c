// What the processor can do at most: measured with a product of matrices that never leaves the first cache, written by the same
// generator as every kernel.

import { parseProgram } from '../loop/parse.js';
import { defaultChoice } from '../schedule/default.js';
import { scheduleFor } from '../schedule/derive.js';
import type { TuningMachine } from '../schedule/machine.js';
import { taskKey } from '../schedule/records.js';
import type { Task } from '../schedule/task-search.js';
import type { Trials } from './trials.js';

const steps = 128;
/** Row tiles for each thread, so that handing them out takes no time. */
const tilesPerThread = 256;

/**
 * @returns floating-point operations of a nanosecond, with all threads; a multiply-add counts as two. Undefined if it was aborted.
 * @throws OnboxError `measure-failed`, `toolchain-missing`
 */
export async function measurePeak(trials: Trials, machine: TuningMachine): Promise<number | undefined> {
  const task = peakTask(machine);
  const choice = { ...defaultChoice(task.program, machine), chunks: 8 };
  const candidate = { choice, steps: scheduleFor(task.program, machine, choice) };
  const [finding] = await trials.runOrFail(task, [candidate], { bestNs: undefined, startNs: undefined });
  return finding?.outcome === 'ok' ? task.flops / finding.nanoseconds : undefined;
}

function peakTask({ lanes, threads, vectorRegisters }: TuningMachine): Task {
  const rows = (vectorRegisters >= 32 ? 14 : 6) * tilesPerThread * threads;
  const columns = 2 * lanes;
  // Every tile reads the same rows of `a`.
  const program = parseProgram(`input a f32[14,${steps}]
constant b f32[${steps},${columns}]
output y f32[${rows},${columns}]
for m in 0..${rows}
  for n in 0..${columns}
    local s f32[]
    s[] = 0
    for k in 0..${steps} [reduce]
      s[] += a[(m) % 14, k] * b[k, n]
    y[m, n] = s[]`);
  return { key: taskKey(program), program, title: 'peak', count: 1, flops: 2 * rows * columns * steps };
}
