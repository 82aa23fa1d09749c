// Cosine of radians.

import { unary } from '../elementwise.js';

export const cos = unary('cos', () => Math.cos);
