// log(sum of e^x), without overflow: the greatest element is taken out first.

import { call } from '../../loop/expression.js';
import { like } from '../pointwise.js';
import { fold, realReduction } from '../reduce.js';

export const reduceLogSumExp = realReduction('reduce-log-sum-exp', (scope, region) => {
  const top = fold(scope, 'max', region);
  const sum = fold(scope, 'add', region, (x) => call('exp', call('sub', x, top)));
  // An infinite one is the result already, and infinity less infinity is NaN.
  const fits = call('less', call('abs', top), like(top, Number.POSITIVE_INFINITY));
  return call('select', fits, call('add', top, call('log', sum)), top);
});
