// Magnitude.

import { unaryCall } from '../pointwise.js';

export const abs = unaryCall('abs');
