// x times hard-sigmoid(x) with alpha 1/6 and beta 1/2.

import { unary } from '../elementwise.js';

export const hardSwish = unary('hard-swish', () => (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)));
