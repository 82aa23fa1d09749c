// Square root of the sum of squares.

import { reduction } from '../reduction.js';

export const reduceL2 = reduction('reduce-l2', (line) => Math.sqrt(line.reduce((sum, x) => sum + x * x, 0)));
