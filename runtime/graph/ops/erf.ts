// Gauss error function.

import { unary } from '../elementwise.js';
import { errorFunction } from '../special.js';

export const erf = unary('erf', () => errorFunction);
