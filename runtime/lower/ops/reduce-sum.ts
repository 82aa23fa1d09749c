// Sum.

import { fold, reduction } from '../reduce.js';

export const reduceSum = reduction('reduce-sum', (scope, region) => fold(scope, 'add', region));
