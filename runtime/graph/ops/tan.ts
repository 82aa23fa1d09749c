// Tangent of radians.

import { unary } from '../elementwise.js';

export const tan = unary('tan', () => Math.tan);
