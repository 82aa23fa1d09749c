// a > b.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const greater = binary('greater', (a, b) => call('less', b, a));
