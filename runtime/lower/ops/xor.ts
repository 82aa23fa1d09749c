// Whether one of both holds.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const xor = binary('xor', (a, b) => call('xor', a, b));
