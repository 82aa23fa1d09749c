// Whether x is not a number.

import { unaryCall } from '../pointwise.js';

export const isNan = unaryCall('is-nan');
