// a >= b.

import { binary } from '../elementwise.js';

export const greaterEqual = binary('greater-equal', () => (a, b) => a >= b, {
  integer: () => (a, b) => a >= b,
  result: 'bool',
});
