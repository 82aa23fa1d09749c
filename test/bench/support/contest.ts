// Two runners timed side by side: they take turns in the same minutes, so that a machine that slows down slows both.

import { setTimeout as sleep } from 'node:timers/promises';

/** One run of whatever is measured. */
export type Runner = () => Promise<unknown>;

export interface ContestOptions {
  /** Turns of each side. */
  readonly rounds: number;
  /** A turn goes on until both are reached. */
  readonly turnMs: number;
  readonly turnRuns: number;
}

export const contestDefaults: ContestOptions = { rounds: 9, turnMs: 100, turnRuns: 3 };

/** Whole turns of each side before anything is recorded: clocks rise, pools start, allocators settle. */
const warmupRounds = 1;

/**
 * Longer than a tick of the kernel's accounting (10 ms at most), else a spinning thread would not show in the processor time.
 * onnxruntime's threads spin for a fixed count of pauses after a run: 20 ms each and more, measured on an EPYC.
 */
const restMs = 20;
const restMsMax = 500;
/** Of one core: a process whose threads all sleep uses less. */
const quietShare = 0.1;

/**
 * Times both runners in alternating order.
 * @returns milliseconds of one run, the mean of a turn, by side and round
 */
export async function compete(
  a: Runner,
  b: Runner,
  options: ContestOptions = contestDefaults,
): Promise<{ readonly a: readonly number[]; readonly b: readonly number[] }> {
  const times = { a: [] as number[], b: [] as number[] };
  for (let round = -warmupRounds; round < options.rounds; round++) {
    const order = round % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const);
    for (const side of order) {
      const time = await takeTurn(side === 'a' ? a : b, options);
      if (round >= 0) times[side].push(time);
    }
  }
  return times;
}

/** The first run finds the other side's data in the caches and its own threads asleep: it is not timed. */
async function takeTurn(run: Runner, { turnMs, turnRuns }: ContestOptions): Promise<number> {
  await becomeQuiet();
  await run();
  const start = performance.now();
  let runs = 0;
  let elapsed = 0;
  while (elapsed < turnMs || runs < turnRuns) {
    await run();
    runs++;
    elapsed = performance.now() - start;
  }
  return elapsed / runs;
}

/** Waits until no thread of this process is busy: the pool of one side must not spin into the turn of the other. */
async function becomeQuiet(): Promise<void> {
  const start = performance.now();
  while (performance.now() - start < restMsMax) {
    const before = { time: performance.now(), cpu: process.cpuUsage() };
    await sleep(restMs);
    const { user, system } = process.cpuUsage(before.cpu);
    if ((user + system) / 1000 < quietShare * (performance.now() - before.time)) return;
  }
}
