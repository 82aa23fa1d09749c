// To the nearest whole number, ties to even.

import { unaryCall } from '../pointwise.js';

export const round = unaryCall('round');
