// log(1 + e^x), without overflow.

import { call } from '../../loop/expression.js';
import type { Expression } from '../../loop/program.js';
import type { Scope } from '../lowering.js';
import { like, unary } from '../pointwise.js';

export const softplus = unary('softplus', (value, scope) => {
  const x = scope.share(value);
  const small = scope.share(call('exp', call('neg', call('abs', x))));
  return call('add', call('max', x, like(x, 0)), logOnePlus(scope, small));
});

/**
 * log(1 + x) for x >= 0, also where 1 + x loses most of x: what is lost there scales the result.
 * Source: D. Goldberg, What Every Computer Scientist Should Know About Floating-Point Arithmetic, theorem 4.
 */
function logOnePlus(scope: Scope, x: Expression): Expression {
  const one = like(x, 1);
  const sum = scope.share(call('add', one, x));
  const exact = call('div', call('mul', call('log', sum), x), call('sub', sum, one));
  return call('select', call('equal', sum, one), x, exact);
}
