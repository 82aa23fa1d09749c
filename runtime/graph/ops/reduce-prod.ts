// Product.

import { reduction } from '../reduction.js';

export const reduceProd = reduction('reduce-prod', (line) => line.reduce((product, x) => product * x, 1));
