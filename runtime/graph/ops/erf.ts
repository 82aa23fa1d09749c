// Gauss error function.

import { errorFunction } from '../../core/special.js';
import { unary } from '../elementwise.js';

export const erf = unary('erf', () => errorFunction);
