// Seeded random numbers for test scenes; the same on every machine.

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
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const uniform = (low = 0, high = 1): number => low + (high - low) * next();
  return {
    uniform,
    below: (count) => Math.floor(next() * count),
    pick: (list) => {
      const chosen = list[Math.floor(next() * list.length)];
      if (chosen === undefined) throw new RangeError('pick from an empty list');
      return chosen;
    },
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}
