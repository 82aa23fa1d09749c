// Cosine of radians.

import { unaryCall } from '../pointwise.js';

export const cos = unaryCall('cos');
