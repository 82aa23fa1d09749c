// Rounds down to a whole number.

import { unary } from '../elementwise.js';

export const floor = unary('floor', () => Math.floor);
