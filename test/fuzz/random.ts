// Random numbers that a seed brings back.

import { elementCount, type Shape, type Tensor, tensorOf } from '../../runtime/core/tensor.js';

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 up to 1 (mulberry32). */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  chance(share: number): boolean {
    return this.unit() < share;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.whole(0, from.length - 1)] as T;
  }

  list(count: number, low: number, high: number): number[] {
    return Array.from({ length: count }, () => this.whole(low, high));
  }

  shuffled<T>(from: readonly T[]): T[] {
    const rest = [...from];
    return from.map(() => rest.splice(this.whole(0, rest.length - 1), 1)[0] as T);
  }

  /** Eighths in -3..3: sums and products of a few of them are exact. */
  tensor(shape: Shape): Tensor {
    return tensorOf(
      'f32',
      shape,
      Array.from({ length: elementCount(shape) }, () => this.whole(-24, 24) / 8),
    );
  }
}
