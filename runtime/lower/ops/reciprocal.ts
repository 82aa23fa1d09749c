// 1 / x.

import { call } from '../../loop/expression.js';
import { like, unary } from '../pointwise.js';

export const reciprocal = unary('reciprocal', (x) => call('div', like(x, 1), x));
