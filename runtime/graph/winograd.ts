// Winograd's minimal filtering F(m x m, 3 x 3): the matrices that turn a 3x3 convolution of stride 1 into (m + 2)^2 products for every m^2
// outputs. Matrices after A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), with the points
// 0, 1, -1, 2, -2, 1/2, -1/2 for m = 6.

import { OnboxError } from '../core/error.js';

export type WinogradTile = 2 | 4 | 6;

export interface WinogradMatrices {
  /** [m + 2][m + 2]: input transform B^T. */
  readonly input: readonly (readonly number[])[];
  /** [m + 2][3]: filter transform G. */
  readonly filter: readonly (readonly number[])[];
  /** [m][m + 2]: output transform A^T. */
  readonly output: readonly (readonly number[])[];
}

const f2: WinogradMatrices = {
  input: [
    [1, 0, -1, 0],
    [0, 1, 1, 0],
    [0, -1, 1, 0],
    [0, 1, 0, -1],
  ],
  filter: [
    [1, 0, 0],
    [1 / 2, 1 / 2, 1 / 2],
    [1 / 2, -1 / 2, 1 / 2],
    [0, 0, 1],
  ],
  output: [
    [1, 1, 1, 0],
    [0, 1, -1, -1],
  ],
};

const f4: WinogradMatrices = {
  input: [
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
  ],
  filter: [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
  ],
  output: [
    [1, 1, 1, 1, 1, 0],
    [0, 1, -1, 2, -2, 0],
    [0, 1, 1, 4, 4, 0],
    [0, 1, -1, 8, -8, 1],
  ],
};

const f6: WinogradMatrices = {
  input: [
    [1, 0, -21 / 4, 0, 21 / 4, 0, -1, 0],
    [0, 1, 1, -17 / 4, -17 / 4, 1, 1, 0],
    [0, -1, 1, 17 / 4, -17 / 4, -1, 1, 0],
    [0, 1 / 2, 1 / 4, -5 / 2, -5 / 4, 2, 1, 0],
    [0, -1 / 2, 1 / 4, 5 / 2, -5 / 4, -2, 1, 0],
    [0, 2, 4, -5 / 2, -5, 1 / 2, 1, 0],
    [0, -2, 4, 5 / 2, -5, -1 / 2, 1, 0],
    [0, -1, 0, 21 / 4, 0, -21 / 4, 0, 1],
  ],
  filter: [
    [1, 0, 0],
    [-2 / 9, -2 / 9, -2 / 9],
    [-2 / 9, 2 / 9, -2 / 9],
    [1 / 90, 1 / 45, 2 / 45],
    [1 / 90, -1 / 45, 2 / 45],
    [32 / 45, 16 / 45, 8 / 45],
    [32 / 45, -16 / 45, 8 / 45],
    [0, 0, 1],
  ],
  output: [
    [1, 1, 1, 1, 1, 1, 1, 0],
    [0, 1, -1, 2, -2, 1 / 2, -1 / 2, 0],
    [0, 1, 1, 4, 4, 1 / 4, 1 / 4, 0],
    [0, 1, -1, 8, -8, 1 / 8, -1 / 8, 0],
    [0, 1, 1, 16, 16, 1 / 16, 1 / 16, 0],
    [0, 1, -1, 32, -32, 1 / 32, -1 / 32, 1],
  ],
};

/** @throws OnboxError `op-invalid` for a tile that is not 2, 4 or 6 */
export function winogradMatrices(tile: number): WinogradMatrices {
  if (tile === 2) return f2;
  if (tile === 4) return f4;
  if (tile === 6) return f6;
  throw new OnboxError(`a Winograd tile is 2, 4 or 6, got ${tile}`, { code: 'op-invalid' });
}
