// log(1 + e^x).

import { softPlus } from '../../core/special.js';
import { unary } from '../elementwise.js';

export const softplus = unary('softplus', () => softPlus);
