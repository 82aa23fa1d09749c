// 1 / (1 + e^-x).

import { logistic } from '../../core/special.js';
import { unary } from '../elementwise.js';

export const sigmoid = unary('sigmoid', () => logistic);
