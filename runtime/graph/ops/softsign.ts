// x / (1 + |x|).

import { unary } from '../elementwise.js';

export const softsign = unary('softsign', () => (x) => x / (1 + Math.abs(x)));
