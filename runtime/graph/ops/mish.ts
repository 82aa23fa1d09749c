// x tanh(softplus(x)).

import { softPlus } from '../../core/special.js';
import { unary } from '../elementwise.js';

export const mish = unary('mish', () => (x) => x * Math.tanh(softPlus(x)));
