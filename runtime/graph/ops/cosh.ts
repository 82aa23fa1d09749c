// Hyperbolic cosine.

import { unary } from '../elementwise.js';

export const cosh = unary('cosh', () => Math.cosh);
