// The index of the greatest element along the axis, as i64.

import { argOperator } from '../arg.js';

export const argMax = argOperator('arg-max', (a, b) => a > b);
