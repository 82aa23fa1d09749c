// The arithmetic of benchmarks: what a series of times says, and how far two results are apart.

import { OnboxError } from '../../../runtime/core/error.js';

/** The middle value; the mean of the two middle ones of an even count. @throws OnboxError `series-empty` */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The smallest value that a `share` of the values does not exceed. @throws OnboxError `series-empty` */
export function percentile(values: readonly number[], share: number): number {
  const sorted = ascending(values);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** The mean for ratios: twice as fast and half as fast make 1. @throws OnboxError `series-empty` */
export function geometricMean(values: readonly number[]): number {
  const logarithms = ascending(values).map(Math.log);
  return Math.exp(logarithms.reduce((sum, value) => sum + value, 0) / logarithms.length);
}

/**
 * The largest |got - want| over the largest |want|. Equal values are 0 apart, also infinities and NaN; a finite value and one
 * that is not are infinitely far apart. Where all that is wanted is 0, the largest |got|.
 */
export function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let magnitude = 0;
  for (let i = 0; i < want.length; i++) {
    const [a, b] = [got[i] ?? 0, want[i] ?? 0];
    if (Number.isFinite(b)) magnitude = Math.max(magnitude, Math.abs(b));
    if (Object.is(a, b) || a === b) continue;
    if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(a - b));
  }
  return magnitude === 0 ? difference : difference / magnitude;
}

function ascending(values: readonly number[]): number[] {
  if (values.length === 0) throw new OnboxError('there are no values to summarise', { code: 'series-empty' });
  return [...values].sort((a, b) => a - b);
}
