// The smallest element; NaN if one is, infinity of nothing.

import { reduction } from '../reduction.js';

export const reduceMin = reduction('reduce-min', (line) => line.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY));
