// Seeded random numbers for test scenes; the same on every machine.

// Taken out once: under jest every look at a global object costs much, and these are called for each pixel.
const { cos, floor, imul, log, sin, sqrt } = Math;

export interface Random {
  /** From `low` to `high`, 0..1 if left out. */
  uniform(low?: number, high?: number): number;
  /** Whole, 0 to `count` - 1. */
  below(count: number): number;
  pick<T>(list: readonly T[]): T;
  /** Of mean 0 and deviation 1. */
  normal(): number;
}

/** Mulberry32 by Tommy Ettinger (public domain). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = imul(state ^ (state >>> 15), state | 1);
    t ^= t + imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const uniform = (low = 0, high = 1): number => low + (high - low) * next();
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const length = sqrt(-2 * log(1 - next()));
    const angle = 2 * Math.PI * next();
    spare = length * sin(angle);
    return length * cos(angle);
  };
  return {
    uniform,
    below: (count) => floor(next() * count),
    pick: (list) => {
      const chosen = list[floor(next() * list.length)];
      if (chosen === undefined) throw new RangeError('pick from an empty list');
      return chosen;
    },
    normal,
  };
}
