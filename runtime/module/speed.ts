// How fast modules are, side by side: they run in turns in one process, so that what else the machine does hits all of them alike.

import type { Runnable } from './manifest.js';
import { makeSample } from './sample.js';
import { openSession, type Session } from './session.js';

/** Milliseconds of a run. */
export interface Speed {
  readonly medianMs: number;
  readonly leastMs: number;
}

export interface SpeedOptions {
  /** As many as the machine has cores where it is absent. */
  readonly threads?: number;
}

const warmups = 2;
/** Runs of each module: at least so many, and until the time is up; no more than the most. */
const roundsMin = 15;
const roundsMax = 1000;
const secondsMin = 3;

/**
 * Runs modules of the same inputs in turns.
 * @returns by folder
 * @throws OnboxError of openSession
 */
export async function compareSpeeds(folders: readonly string[], { threads }: SpeedOptions): Promise<Speed[]> {
  const sessions: Session[] = [];
  try {
    for (const folder of folders) sessions.push(await openSession(folder, threads === undefined ? {} : { threads }));
    return await timeInTurns(sessions);
  } finally {
    for (const session of sessions) session.close();
  }
}

/**
 * Runs sessions of the same inputs in turns, on noise.
 * @param rounds at least; and three seconds long, unless it is given
 */
export async function timeInTurns(sessions: readonly Session<Runnable>[], rounds?: number): Promise<Speed[]> {
  const least = rounds ?? roundsMin;
  const inputs = sessions.map(({ manifest }) => makeSample(manifest.inputs, undefined).tensors);
  const times = sessions.map((): number[] => []);
  const end = performance.now() + (rounds === undefined ? secondsMin * 1000 : 0);
  for (let round = -warmups; round < least || (round < roundsMax && performance.now() < end); round++) {
    for (const [i, session] of sessions.entries()) {
      const started = performance.now();
      await session.runTensors(inputs[i] ?? new Map());
      if (round >= 0) times[i]?.push(performance.now() - started);
    }
  }
  return times.map((list) => ({ medianMs: medianOf(list), leastMs: Math.min(...list) }));
}

/** The middle one, or the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
