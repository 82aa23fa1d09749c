// Natural logarithm.

import { unary } from '../elementwise.js';

export const log = unary('log', () => Math.log);
