// Sine of radians.

import { unary } from '../elementwise.js';

export const sin = unary('sin', () => Math.sin);
