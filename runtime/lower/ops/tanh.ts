// Hyperbolic tangent.

import { unaryCall } from '../pointwise.js';

export const tanh = unaryCall('tanh');
