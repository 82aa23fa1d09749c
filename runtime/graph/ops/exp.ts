// e to the power of x.

import { unary } from '../elementwise.js';

export const exp = unary('exp', () => Math.exp);
