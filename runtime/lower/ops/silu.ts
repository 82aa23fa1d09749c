// x * sigmoid(x), also called swish.

import { call } from '../../loop/expression.js';
import { unary } from '../pointwise.js';

export const silu = unary('silu', (x, scope) => {
  const shared = scope.share(x);
  return call('mul', shared, call('sigmoid', shared));
});
