// Logarithm of the sum.

import { call } from '../../loop/expression.js';
import { fold, realReduction } from '../reduce.js';

export const reduceLogSum = realReduction('reduce-log-sum', (scope, region) => call('log', fold(scope, 'add', region)));
