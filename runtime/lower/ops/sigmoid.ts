// 1 / (1 + exp(-x)).

import { unaryCall } from '../pointwise.js';

export const sigmoid = unaryCall('sigmoid');
