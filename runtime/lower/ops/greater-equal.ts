// a >= b.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const greaterEqual = binary('greater-equal', (a, b) => call('less-equal', b, a));
