// Rounds to the nearest whole number, ties to even.

import { roundTiesToEven } from '../../core/float16.js';
import { unary } from '../elementwise.js';

export const round = unary('round', () => roundTiesToEven);
