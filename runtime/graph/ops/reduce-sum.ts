// Sum.

import { reduction } from '../reduction.js';

export const reduceSum = reduction('reduce-sum', (line) => line.reduce((sum, x) => sum + x, 0));
