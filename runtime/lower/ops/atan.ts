// Inverse tangent, in radians.

import { unaryCall } from '../pointwise.js';

export const atan = unaryCall('atan');
