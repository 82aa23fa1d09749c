// Inverse hyperbolic sine.

import { unaryCall } from '../pointwise.js';

export const asinh = unaryCall('asinh');
