// Inverse hyperbolic cosine.

import { unaryCall } from '../pointwise.js';

export const acosh = unaryCall('acosh');
