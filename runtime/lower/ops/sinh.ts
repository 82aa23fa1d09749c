// Hyperbolic sine.

import { unaryCall } from '../pointwise.js';

export const sinh = unaryCall('sinh');
