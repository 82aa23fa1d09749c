// Sum of magnitudes.

import { reduction } from '../reduction.js';

export const reduceL1 = reduction('reduce-l1', (line) => line.reduce((sum, x) => sum + Math.abs(x), 0));
