// 1 / (1 + e^-x).

import { unary } from '../elementwise.js';
import { logistic } from '../special.js';

export const sigmoid = unary('sigmoid', () => logistic);
