// Sine of radians.

import { unaryCall } from '../pointwise.js';

export const sin = unaryCall('sin');
