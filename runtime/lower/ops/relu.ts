// max(x, 0).

import { clamp, unary } from '../pointwise.js';

export const relu = unary('relu', (x) => clamp(x, 0, Number.POSITIVE_INFINITY));
