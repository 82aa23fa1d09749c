// Inverse sine, in radians.

import { unaryCall } from '../pointwise.js';

export const asin = unaryCall('asin');
