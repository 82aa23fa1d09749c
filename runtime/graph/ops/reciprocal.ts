// 1 / x.

import { unary } from '../elementwise.js';

export const reciprocal = unary('reciprocal', () => (x) => 1 / x);
