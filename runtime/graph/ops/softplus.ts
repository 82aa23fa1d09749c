// log(1 + e^x).

import { unary } from '../elementwise.js';
import { softPlus } from '../special.js';

export const softplus = unary('softplus', () => softPlus);
