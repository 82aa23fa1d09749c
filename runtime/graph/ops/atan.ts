// Inverse tangent, in radians.

import { unary } from '../elementwise.js';

export const atan = unary('atan', () => Math.atan);
