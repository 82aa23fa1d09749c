// Sum of squares.

import { call } from '../../loop/expression.js';
import type { Expression } from '../../loop/program.js';
import type { Scope } from '../lowering.js';
import { fold, type Region, reduction } from '../reduce.js';

export const reduceSumSquare = reduction('reduce-sum-square', sumOfSquares);

export function sumOfSquares(scope: Scope, region: Region): Expression {
  return fold(scope, 'add', region, (element) => {
    const x = scope.share(element);
    return call('mul', x, x);
  });
}
