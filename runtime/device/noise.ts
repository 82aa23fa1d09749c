// Numbers that look random, the same in every process: what candidates are measured and compared on.

import { numberToHalf } from '../core/float16.js';
import type { Dtype, TensorData } from '../core/tensor.js';

/** Fills `data` with floats of -1..1, or whole numbers 0 and 1, which are good as numbers, indices and truths. */
export function fillNoise(dtype: Dtype, data: TensorData, seed: number): void {
  // Numerical Recipes' linear congruential generator.
  let state = (seed * 2654435761) >>> 0;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const share = state / 4294967296;
    if (dtype === 'f32' || dtype === 'f64') data[i] = share * 2 - 1;
    else if (dtype === 'f16') data[i] = numberToHalf(share * 2 - 1);
    else if (dtype === 'i64' || dtype === 'u64') data[i] = share < 0.5 ? 0n : 1n;
    else data[i] = share < 0.5 ? 0 : 1;
  }
}
