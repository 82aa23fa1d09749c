// Sums of terms with known factors, without the products by 0, 1 and -1.

import { assert } from '../core/assert.js';
import { call } from '../loop/expression.js';
import type { Expression } from '../loop/program.js';
import { like } from './pointwise.js';

/** factors[0] * term(0) + factors[1] * term(1) + …; terms with the factor 0 are not stated. */
export function linearCombination(factors: readonly number[], term: (i: number) => Expression): Expression {
  let sum: Expression | undefined;
  for (const [i, factor] of factors.entries()) {
    if (factor === 0) continue;
    const value = term(i);
    const size = Math.abs(factor);
    const part = size === 1 ? value : call('mul', like(value, size), value);
    if (sum === undefined) sum = factor < 0 ? call('neg', part) : part;
    else sum = call(factor < 0 ? 'sub' : 'add', sum, part);
  }
  assert(sum !== undefined, 'a combination of nothing');
  return sum;
}
