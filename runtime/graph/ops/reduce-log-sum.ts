// Logarithm of the sum.

import { reduction } from '../reduction.js';

export const reduceLogSum = reduction('reduce-log-sum', (line) => Math.log(line.reduce((sum, x) => sum + x, 0)));
