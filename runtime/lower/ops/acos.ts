// Inverse cosine, in radians.

import { unaryCall } from '../pointwise.js';

export const acos = unaryCall('acos');
