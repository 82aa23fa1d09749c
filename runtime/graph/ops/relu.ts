// x, below zero 0.

import { unary } from '../elementwise.js';

export const relu = unary(
  'relu',
  () => (x) => Math.max(x, 0),
  () => (x) => (x < 0n ? 0n : x),
);
