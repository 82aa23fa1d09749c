// The index of the greatest element along the axis.

import { argOperator } from '../arg.js';

export const argMax = argOperator('arg-max', 'max');
