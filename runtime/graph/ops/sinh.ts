// Hyperbolic sine.

import { unary } from '../elementwise.js';

export const sinh = unary('sinh', () => Math.sinh);
