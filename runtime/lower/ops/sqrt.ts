// Square root.

import { unaryCall } from '../pointwise.js';

export const sqrt = unaryCall('sqrt');
