// Element by element, with broadcasting.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const min = binary('min', (a, b) => call('min', a, b));
