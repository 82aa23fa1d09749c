// Logical not.

import { unaryCall } from '../pointwise.js';

export const not = unaryCall('not');
