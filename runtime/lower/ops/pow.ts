// Element by element, with broadcasting.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const pow = binary('pow', (a, b) => call('pow', a, b));
