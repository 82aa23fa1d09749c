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
  [rows, depth, columns]: readonly [rows: number, depth: number, columns: number],
): void {
  // The innermost loop runs along the direction in which b lies in memory.
  const addRow = b.rowStride < b.columnStride ? addDots : addMultiples;
  for (let i = 0; i < rows; i++) addRow(to, start + i * columns, a, a.start + i * a.rowStride, b, depth, columns);
}

/** One row of the product as multiples of the rows of b. */
function addMultiples(
  to: Float64Array,
  row: number,
  a: Matrix,
  rowOfA: number,
  b: Matrix,
  depth: number,
  columns: number,
): void {
  const { values, columnStride } = b;
  for (let k = 0; k < depth; k++) {
    const factor = a.values[rowOfA + k * a.columnStride] as number;
    const start = b.start + k * b.rowStride;
    for (let j = 0; j < columns; j++) {
      to[row + j] = (to[row + j] as number) + factor * (values[start + j * columnStride] as number);
    }
  }
}

/** One row of the product as scalar products with the columns of b. */
function addDots(to: Float64Array, row: number, a: Matrix, rowOfA: number, b: Matrix, depth: number, columns: number): void {
  const { values, rowStride } = b;
  for (let j = 0; j < columns; j++) {
    const start = b.start + j * b.columnStride;
    let sum = to[row + j] as number;
    for (let k = 0; k < depth; k++) {
      sum += (a.values[rowOfA + k * a.columnStride] as number) * (values[start + k * rowStride] as number);
    }
    to[row + j] = sum;
  }
}
