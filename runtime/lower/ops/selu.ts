// gamma times elu(x).

import { numberAttribute } from '../../graph/attributes.js';
import { call } from '../../loop/expression.js';
import { like, unary } from '../pointwise.js';
import { exponentialBelowZero } from './elu.js';

export const selu = unary('selu', (value, scope) => {
  const x = scope.share(value);
  const gamma = like(x, numberAttribute(scope.attributes, 'gamma'));
  return call('mul', gamma, exponentialBelowZero(x, numberAttribute(scope.attributes, 'alpha')));
});
