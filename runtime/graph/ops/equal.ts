// a == b; NaN equals nothing.

import { binary } from '../elementwise.js';

export const equal = binary('equal', () => (a, b) => a === b, {
  integer: () => (a, b) => a === b,
  result: 'bool',
  logical: 'yes',
});
