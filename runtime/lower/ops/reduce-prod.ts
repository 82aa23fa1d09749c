// Product.

import { fold, reduction } from '../reduce.js';

export const reduceProd = reduction('reduce-prod', (scope, region) => fold(scope, 'mul', region));
