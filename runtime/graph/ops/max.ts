// The greater one; NaN if either is.

import { binary } from '../elementwise.js';

export const max = binary('max', () => Math.max, { integer: () => (a, b) => (a > b ? a : b) });
