// The greatest element of each window.

import { poolOperator } from '../pool.js';

export const maxPool = poolOperator('max-pool', () => ({ values, start, rows, columns, rowStride, columnStride }) => {
  let best = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      best = Math.max(best, values[start + row * rowStride + column * columnStride] as number);
    }
  }
  return best;
});
