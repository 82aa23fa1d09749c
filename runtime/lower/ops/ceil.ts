// Rounds up.

import { unaryCall } from '../pointwise.js';

export const ceil = unaryCall('ceil');
