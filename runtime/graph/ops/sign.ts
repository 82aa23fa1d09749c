// -1, 0 or 1.

import { unary } from '../elementwise.js';

export const sign = unary(
  'sign',
  () => Math.sign,
  () => (x) => (x < 0n ? -1n : x > 0n ? 1n : 0n),
);
