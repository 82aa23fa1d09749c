// Inverse hyperbolic sine.

import { unary } from '../elementwise.js';

export const asinh = unary('asinh', () => Math.asinh);
