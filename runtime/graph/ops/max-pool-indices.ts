// Where the greatest element of each window lies in the whole input, seen as one row; of equals the first.

import { poolOperator } from '../pool.js';

export const maxPoolIndices = poolOperator(
  'max-pool-indices',
  () =>
    ({ values, start, rows, columns, rowStride, columnStride }) => {
      let best = Number.NEGATIVE_INFINITY;
      // Where no element equals the best, as with NaN, the index must still end inside of the input.
      let place = values.length - 1;
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const at = start + row * rowStride + column * columnStride;
          const value = values[at] as number;
          if (value > best || (value === best && at < place)) place = at;
          best = Math.max(best, value);
        }
      }
      return place;
    },
  'i64',
);
