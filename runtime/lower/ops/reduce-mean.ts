// Mean.

import { divideByCount, fold, realReduction } from '../reduce.js';

export const reduceMean = realReduction('reduce-mean', (scope, region) =>
  divideByCount(fold(scope, 'add', region), region.count),
);
