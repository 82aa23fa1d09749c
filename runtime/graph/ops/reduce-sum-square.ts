// Sum of squares.

import { reduction } from '../reduction.js';

export const reduceSumSquare = reduction('reduce-sum-square', (line) => line.reduce((sum, x) => sum + x * x, 0));
