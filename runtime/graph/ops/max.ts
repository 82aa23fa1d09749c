// The greater one; NaN if either is.

import { binary } from '../elementwise.js';

// Math.max and Math.min know no bigints.
export const max = binary('max', () => Math.max, { integer: () => (a, b) => (a > b ? a : b) });
