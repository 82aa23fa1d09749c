// Rounds down.

import { unaryCall } from '../pointwise.js';

export const floor = unaryCall('floor');
