// The smaller one; NaN if either is.

import { binary } from '../elementwise.js';

// Math.max and Math.min know no bigints.
export const min = binary('min', () => Math.min, { integer: () => (a, b) => (a < b ? a : b) });
