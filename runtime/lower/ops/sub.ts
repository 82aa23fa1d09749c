// Element by element, with broadcasting.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const sub = binary('sub', (a, b) => call('sub', a, b));
