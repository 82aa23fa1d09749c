// Natural logarithm.

import { unaryCall } from '../pointwise.js';

export const log = unaryCall('log');
