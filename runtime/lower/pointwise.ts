// Operators that compute an element from the elements at the same place, broadcast by numpy's rules.

import { call, number } from '../loop/expression.js';
import type { Expression, UnaryOp } from '../loop/program.js';
import { broadcastIndex } from './broadcast.js';
import type { Lowering, Scope } from './lowering.js';

/** One input and, in the scope, the attributes. */
export function unary(kind: string, value: (x: Expression, scope: Scope) => Expression): Lowering {
  return { kind, value: (scope, index) => value(scope.input(0).read(index), scope) };
}

/** One input and a scalar operation of the same name. */
export function unaryCall(kind: UnaryOp): Lowering {
  return unary(kind, (x) => call(kind, x));
}

/** Two inputs that broadcast. */
export function binary(kind: string, value: (a: Expression, b: Expression, scope: Scope) => Expression): Lowering {
  return {
    kind,
    value(scope, index) {
      const [a, b] = [scope.input(0), scope.input(1)];
      return value(a.read(broadcastIndex(index, a.type.shape)), b.read(broadcastIndex(index, b.type.shape)), scope);
    },
  };
}

/** A number of the dtype of an expression. */
export function like(x: Expression, value: number): Expression {
  return number(value, x.dtype);
}

/** Least and greatest that an expression may be; infinite limits are left out. */
export function clamp(x: Expression, min: number, max: number): Expression {
  const above = min === Number.NEGATIVE_INFINITY ? x : call('max', x, like(x, min));
  return max === Number.POSITIVE_INFINITY ? above : call('min', above, like(x, max));
}
