// a to the power of b; the result has the dtype of a. Integers to a negative power are cut towards zero.

import { binary } from '../elementwise.js';

export const pow = binary('pow', () => (a, b) => a ** b, { integer: () => integerPower, mixed: true });

function integerPower(a: bigint, b: bigint): bigint {
  // Past 64 squarings of the low bits nothing new comes, and a bigint must not grow without limit: wrap at every step.
  if (b < 0n) return a === 1n ? 1n : a === -1n ? (b % 2n === 0n ? 1n : -1n) : 0n;
  let result = 1n;
  let square = a;
  for (let rest = b; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * square);
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}
