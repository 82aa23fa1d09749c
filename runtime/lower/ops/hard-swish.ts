// x times hard-sigmoid(x) with alpha 1/6 and beta 1/2.

import { call } from '../../loop/expression.js';
import { clamp, like, unary } from '../pointwise.js';

export const hardSwish = unary('hard-swish', (value, scope) => {
  const x = scope.share(value);
  const gate = clamp(call('add', call('mul', like(x, 1 / 6), x), like(x, 0.5)), 0, 1);
  return call('mul', x, gate);
});
