// x tanh(softplus(x)).

import { unary } from '../elementwise.js';
import { softPlus } from '../special.js';

export const mish = unary('mish', () => (x) => x * Math.tanh(softPlus(x)));
