// How far a result is from the truth, as one number.

import { isFloat, type Tensor } from '../core/tensor.js';
import { numbersOf } from '../graph/numbers.js';

/** Largest error that passes. */
export const errorMax = 1e-3;

/**
 * Of floats, the largest |got - want| over the largest |want|: infinite where only one is NaN. Of whole numbers and booleans, which an
 * error of rounding turns into quite another, the share of elements that differ. Infinite where one is missing or of another size.
 */
export function errorOf(got: Tensor | undefined, want: Tensor | undefined): number {
  if (got === undefined || want === undefined) return Number.POSITIVE_INFINITY;
  if (got.dtype !== want.dtype || got.data.length !== want.data.length) return Number.POSITIVE_INFINITY;
  return isFloat(want.dtype) ? floatError(got, want) : shareOfDifferences(got, want);
}

function floatError(got: Tensor, want: Tensor): number {
  const [a, b] = [numbersOf(got), numbersOf(want)];
  let difference = 0;
  let magnitude = 0;
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    if (Number.isFinite(y)) magnitude = Math.max(magnitude, Math.abs(y));
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const distance = Math.abs(x - y);
    difference = Math.max(difference, Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance);
  }
  return difference === 0 ? 0 : difference / (magnitude > 0 ? magnitude : 1);
}

/** The cosine of the angle between two results as vectors: 1 where they agree but for a factor, and where both are 0. */
export function cosineOf(got: Tensor, want: Tensor): number {
  const [a, b] = [numbersOf(got), numbersOf(want)];
  let [product, squares, wanted] = [0, 0, 0];
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    product += x * y;
    squares += x * x;
    wanted += y * y;
  }
  if (squares === 0 && wanted === 0) return 1;
  const cosine = product / Math.sqrt(squares * wanted);
  return Number.isFinite(cosine) ? cosine : 0;
}

function shareOfDifferences(got: Tensor, want: Tensor): number {
  let count = 0;
  for (let i = 0; i < want.data.length; i++) if (got.data[i] !== want.data[i]) count++;
  return count === 0 ? 0 : count / want.data.length;
}
