// a == b; NaN equals nothing.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const equal = binary('equal', (a, b) => call('equal', a, b));
