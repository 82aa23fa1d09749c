// x tanh(softplus(x)). With e = e^x it is x n / (n + 2), n = e (e + 2): one exponential, and nothing cancels.

import { call } from '../../loop/expression.js';
import { clamp, like, unary } from '../pointwise.js';

/** From here on n / (n + 2) is 1 in f64, and n is far from overflow in f32. */
const enough = 20;

export const mish = unary('mish', (value, scope) => {
  const x = scope.share(value);
  const e = scope.share(call('exp', clamp(x, Number.NEGATIVE_INFINITY, enough)));
  const n = scope.share(call('mul', e, call('add', e, like(x, 2))));
  return call('mul', x, call('div', n, call('add', n, like(x, 2))));
});
