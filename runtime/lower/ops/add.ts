// Element by element, with broadcasting.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const add = binary('add', (a, b) => call('add', a, b));
