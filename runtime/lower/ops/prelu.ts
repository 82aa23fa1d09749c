// x, below zero slope x.

import { call } from '../../loop/expression.js';
import { binary, like } from '../pointwise.js';

export const prelu = binary('prelu', (value, slope, scope) => {
  const x = scope.share(value);
  return call('select', call('less', x, like(x, 0)), call('mul', slope, x), x);
});
