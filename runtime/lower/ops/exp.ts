// e to the power of x.

import { unaryCall } from '../pointwise.js';

export const exp = unaryCall('exp');
