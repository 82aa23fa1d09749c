// Functions that Math lacks, to f64 precision.

/** Gauss error function by Kummer's series, whose terms are all positive: no cancellation, about 1e-15. */
export function errorFunction(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude < 6)) return Number.isNaN(x) ? x : Math.sign(x);
  let term = magnitude;
  let sum = magnitude;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * magnitude * magnitude) / (2 * n + 1);
    sum += term;
  }
  return (Math.sign(x) * 2 * sum * Math.exp(-magnitude * magnitude)) / Math.sqrt(Math.PI);
}

/** 1 / (1 + e^-x). */
export function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** log(1 + e^x) without overflow. */
export function softPlus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** log(sum of e^x) without overflow. */
export function logSumExp(line: Float64Array): number {
  const top = line.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  // All terms are e^-infinity, or one is infinite: there is nothing to scale by.
  if (!Number.isFinite(top)) return top;
  return top + Math.log(line.reduce((sum, x) => sum + Math.exp(x - top), 0));
}
