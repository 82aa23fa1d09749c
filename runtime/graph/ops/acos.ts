// Inverse cosine, in radians.

import { unary } from '../elementwise.js';

export const acos = unary('acos', () => Math.acos);
