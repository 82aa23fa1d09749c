// x sigmoid(x).

import { unary } from '../elementwise.js';
import { logistic } from '../special.js';

export const silu = unary('silu', () => (x) => x * logistic(x));
