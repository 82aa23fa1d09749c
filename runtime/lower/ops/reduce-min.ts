// The smallest element.

import { fold, reduction } from '../reduce.js';

export const reduceMin = reduction('reduce-min', (scope, region) => fold(scope, 'min', region));
