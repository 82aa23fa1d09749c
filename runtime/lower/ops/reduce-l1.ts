// Sum of magnitudes.

import { call } from '../../loop/expression.js';
import { fold, reduction } from '../reduce.js';

export const reduceL1 = reduction('reduce-l1', (scope, region) => fold(scope, 'add', region, (x) => call('abs', x)));
