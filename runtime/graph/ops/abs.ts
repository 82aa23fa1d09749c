// Magnitude.

import { unary } from '../elementwise.js';

export const abs = unary(
  'abs',
  () => Math.abs,
  () => (x) => (x < 0n ? -x : x),
);
