// a < b.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const less = binary('less', (a, b) => call('less', a, b));
