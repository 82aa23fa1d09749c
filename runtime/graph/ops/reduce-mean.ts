// Mean; NaN of nothing.

import { reduction } from '../reduction.js';

export const reduceMean = reduction('reduce-mean', (line) => line.reduce((sum, x) => sum + x, 0) / line.length);
