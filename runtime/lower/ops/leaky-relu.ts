// x, below zero alpha x.

import { numberAttribute } from '../../graph/attributes.js';
import { call } from '../../loop/expression.js';
import { like, unary } from '../pointwise.js';

export const leakyRelu = unary('leaky-relu', (value, scope) => {
  const x = scope.share(value);
  const alpha = like(x, numberAttribute(scope.attributes, 'alpha'));
  return call('select', call('less', x, like(x, 0)), call('mul', alpha, x), x);
});
