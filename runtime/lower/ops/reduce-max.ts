// The greatest element.

import { fold, reduction } from '../reduce.js';

export const reduceMax = reduction('reduce-max', (scope, region) => fold(scope, 'max', region));
