// Logical or.

import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const or = binary('or', (a, b) => call('or', a, b));
