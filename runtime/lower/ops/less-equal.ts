// a <= b.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const lessEqual = binary('less-equal', (a, b) => call('less-equal', a, b));
