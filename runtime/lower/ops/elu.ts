// x, below zero alpha (e^x - 1).

import { numberAttribute } from '../../graph/attributes.js';
import { call } from '../../loop/expression.js';
import type { Expression } from '../../loop/program.js';
import { like, unary } from '../pointwise.js';

export const elu = unary('elu', (value, scope) =>
  exponentialBelowZero(scope.share(value), numberAttribute(scope.attributes, 'alpha')),
);

/** x, below zero alpha (e^x - 1). `x` is used more than once. */
export function exponentialBelowZero(x: Expression, alpha: number): Expression {
  const below = call('mul', like(x, alpha), call('sub', call('exp', x), like(x, 1)));
  return call('select', call('less', x, like(x, 0)), below, x);
}
