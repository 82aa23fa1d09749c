// The mean of each window: of its cells inside the input, or with countIncludePad of those in the pads too.

import { booleanAttribute } from '../attributes.js';
import { poolOperator } from '../pool.js';

export const averagePool = poolOperator('average-pool', (attributes) => {
  const countsPads = booleanAttribute(attributes, 'countIncludePad');
  return ({ values, start, rows, columns, rowStride, columnStride, paddedCount }) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        sum += values[start + row * rowStride + column * columnStride] as number;
      }
    }
    return sum / (countsPads ? paddedCount : rows * columns);
  };
});
