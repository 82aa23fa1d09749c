// Element by element, with broadcasting.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const mul = binary('mul', (a, b) => call('mul', a, b));
