// Tangent of radians.

import { unaryCall } from '../pointwise.js';

export const tan = unaryCall('tan');
