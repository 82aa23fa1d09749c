// Matrix product over strided views, for matmul and gemm.

import type { Numbers } from './numbers.js';

/** A matrix in a larger array: where it starts and how far apart rows and columns are. */
export interface Matrix {
  readonly values: Numbers;
  readonly start: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** A row-major matrix of `columns` columns, or the transpose of one. */
export function matrix(values: Numbers, start: number, columns: number, transposed = false): Matrix {
  return { values, start, rowStride: transposed ? 1 : columns, columnStride: transposed ? columns : 1 };
}

/** to[start + i * columns + j] += sum over k of a[i, k] b[k, j], for a of rows x depth and b of depth x columns. */
export function multiply(
  to: Float64Array,
  start: number,
  a: Matrix,
  b: Matrix,
  extents: readonly [number, number, number],
): void {
  const [rows, depth, columns] = extents;
  // The innermost loop runs along the direction in which b lies in memory.
  const isDot = b.rowStride < b.columnStride;
  for (let i = 0; i < rows; i++) {
    const rowOfA = a.start + i * a.rowStride;
    const rowOfTo = start + i * columns;
    if (isDot) {
      for (let j = 0; j < columns; j++) {
        const columnOfB = b.start + j * b.columnStride;
        let sum = 0;
        for (let k = 0; k < depth; k++) {
          sum += (a.values[rowOfA + k * a.columnStride] as number) * (b.values[columnOfB + k * b.rowStride] as number);
        }
        to[rowOfTo + j] = (to[rowOfTo + j] as number) + sum;
      }
    } else {
      for (let k = 0; k < depth; k++) {
        const factor = a.values[rowOfA + k * a.columnStride] as number;
        const rowOfB = b.start + k * b.rowStride;
        for (let j = 0; j < columns; j++) {
          to[rowOfTo + j] = (to[rowOfTo + j] as number) + factor * (b.values[rowOfB + j * b.columnStride] as number);
        }
      }
    }
  }
}
