// x above alpha, else 0.

import { numberAttribute } from '../../graph/attributes.js';
import { call } from '../../loop/expression.js';
import { like, unary } from '../pointwise.js';

export const thresholdedRelu = unary('thresholded-relu', (value, scope) => {
  const x = scope.share(value);
  const alpha = like(x, numberAttribute(scope.attributes, 'alpha'));
  return call('select', call('less', alpha, x), x, like(x, 0));
});
