// Inverse sine, in radians.

import { unary } from '../elementwise.js';

export const asin = unary('asin', () => Math.asin);
