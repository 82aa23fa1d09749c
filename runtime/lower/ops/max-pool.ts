// The largest of a window; what lies outside of the input does not take part.

import { type Affine, constant } from '../../loop/affine.js';
import { guard, number } from '../../loop/expression.js';
import type { Expression } from '../../loop/program.js';
import type { Lowering, Scope } from '../lowering.js';
import { readWindow, windowOf } from '../window.js';

export const maxPool: Lowering = { kind: 'max-pool', value: largestOf };

export function largestOf(scope: Scope, index: readonly Affine[]): Expression {
  const x = scope.input(0);
  const window = windowOf(scope.attributes);
  const least = number(Number.NEGATIVE_INFINITY, x.type.dtype);
  return scope.reduce({
    combine: 'max',
    axes: window.axes,
    term: (r = constant(0), s = constant(0)) => {
      const { at, inside } = readWindow(window, x.type, index as [Affine, Affine, Affine, Affine], r, s);
      return guard(inside, x.read(at), least);
    },
  });
}
