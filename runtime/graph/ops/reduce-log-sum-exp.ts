// log(sum of e^x), without overflow.

import { logSumExp } from '../../core/special.js';
import { reduction } from '../reduction.js';

export const reduceLogSumExp = reduction('reduce-log-sum-exp', logSumExp);
