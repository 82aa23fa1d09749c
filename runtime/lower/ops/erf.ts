// Gauss error function.

import { unaryCall } from '../pointwise.js';

export const erf = unaryCall('erf');
