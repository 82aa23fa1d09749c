// Inverse hyperbolic cosine.

import { unary } from '../elementwise.js';

export const acosh = unary('acosh', () => Math.acosh);
