// Square root; NaN below zero.

import { unary } from '../elementwise.js';

export const sqrt = unary('sqrt', () => Math.sqrt);
