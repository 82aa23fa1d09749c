// Hyperbolic tangent.

import { unary } from '../elementwise.js';

export const tanh = unary('tanh', () => Math.tanh);
