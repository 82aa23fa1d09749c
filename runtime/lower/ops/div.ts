// Element by element, with broadcasting.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const div = binary('div', (a, b) => call('div', a, b));
