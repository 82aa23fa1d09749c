// Rounds up to a whole number.

import { unary } from '../elementwise.js';

export const ceil = unary('ceil', () => Math.ceil);
