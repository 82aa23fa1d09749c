// Negation.

import { unary } from '../elementwise.js';

export const neg = unary(
  'neg',
  () => (x) => -x,
  () => (x) => -x,
);
