// log(sum of e^x), without overflow.

import { reduction } from '../reduction.js';
import { logSumExp } from '../special.js';

export const reduceLogSumExp = reduction('reduce-log-sum-exp', logSumExp);
