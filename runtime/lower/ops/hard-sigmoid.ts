// alpha x + beta, kept within 0..1.

import { numberAttribute } from '../../graph/attributes.js';
import { call } from '../../loop/expression.js';
import { clamp, like, unary } from '../pointwise.js';

export const hardSigmoid = unary('hard-sigmoid', (x, { attributes }) => {
  const alpha = like(x, numberAttribute(attributes, 'alpha'));
  const beta = like(x, numberAttribute(attributes, 'beta'));
  return clamp(call('add', call('mul', alpha, x), beta), 0, 1);
});
