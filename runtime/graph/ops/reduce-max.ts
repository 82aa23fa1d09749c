// The greatest element; NaN if one is, minus infinity of nothing.

import { reduction } from '../reduction.js';

export const reduceMax = reduction('reduce-max', (line) => line.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));
