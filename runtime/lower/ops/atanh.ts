// Inverse hyperbolic tangent.

import { unaryCall } from '../pointwise.js';

export const atanh = unaryCall('atanh');
