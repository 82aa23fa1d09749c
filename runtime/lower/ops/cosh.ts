// Hyperbolic cosine.

import { unaryCall } from '../pointwise.js';

export const cosh = unaryCall('cosh');
