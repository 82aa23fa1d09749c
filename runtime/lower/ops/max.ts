// Element by element, with broadcasting.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const max = binary('max', (a, b) => call('max', a, b));
