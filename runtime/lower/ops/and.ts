// Logical and.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const and = binary('and', (a, b) => call('and', a, b));
