// The smaller one; NaN if either is.

import { binary } from '../elementwise.js';

export const min = binary('min', () => Math.min, { integer: () => (a, b) => (a < b ? a : b) });
