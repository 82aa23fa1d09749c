// The index of the smallest element along the axis.

import { argOperator } from '../arg.js';

export const argMin = argOperator('arg-min', 'min');
