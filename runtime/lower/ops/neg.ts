// -x.

import { unaryCall } from '../pointwise.js';

export const neg = unaryCall('neg');
