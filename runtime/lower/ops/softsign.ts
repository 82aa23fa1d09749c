// x / (1 + |x|).

import { call } from '../../loop/expression.js';
import { like, unary } from '../pointwise.js';

export const softsign = unary('softsign', (value, scope) => {
  const x = scope.share(value);
  return call('div', x, call('add', like(x, 1), call('abs', x)));
});
