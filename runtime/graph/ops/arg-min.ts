// The index of the smallest element along the axis, as i64.

import { argOperator } from '../arg.js';

export const argMin = argOperator('arg-min', (a, b) => a < b);
