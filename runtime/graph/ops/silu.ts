// x sigmoid(x).

import { logistic } from '../../core/special.js';
import { unary } from '../elementwise.js';

export const silu = unary('silu', () => (x) => x * logistic(x));
