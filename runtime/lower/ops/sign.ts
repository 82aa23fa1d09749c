// -1, 0 or 1.

import { unaryCall } from '../pointwise.js';

export const sign = unaryCall('sign');
