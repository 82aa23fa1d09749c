// Inverse hyperbolic tangent.

import { unary } from '../elementwise.js';

export const atanh = unary('atanh', () => Math.atanh);
