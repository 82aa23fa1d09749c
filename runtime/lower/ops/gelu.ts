// x times the normal distribution's mass below x, exactly or by its tanh approximation.

import { call } from '../../loop/expression.js';
import type { Expression } from '../../loop/program.js';
import { like, unary } from '../pointwise.js';

export const gelu = unary('gelu', (value, scope) => {
  const x = scope.share(value);
  const times = (factor: number, y: Expression) => call('mul', like(x, factor), y);
  const isExact = scope.attributes['approximate'] === 'none';
  const cube = call('mul', call('mul', x, x), x);
  const mass = isExact
    ? call('erf', times(Math.SQRT1_2, x))
    : call('tanh', times(Math.sqrt(2 / Math.PI), call('add', x, times(0.044715, cube))));
  return call('mul', times(0.5, x), call('add', like(x, 1), mass));
});
