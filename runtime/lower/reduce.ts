// Reductions over any set of axes: which elements make up one result, and what is done with them.

import { isFloat } from '../core/tensor.js';
import { booleanAttribute, integersAttribute } from '../graph/attributes.js';
import { type Affine, constant } from '../loop/affine.js';
import { call, cast, number } from '../loop/expression.js';
import type { Combine, Expression } from '../loop/program.js';
import type { Lowering, ReduceAxis, Scope } from './lowering.js';

/** The elements of an input that a result is made of. */
export interface Region {
  readonly axes: readonly ReduceAxis[];
  readonly count: number;
  /** The element at the indices of `axes`. */
  element(...at: readonly Affine[]): Expression;
}

/** All elements of input 0 along `reduced` axes (ascending) at the place that `outer` gives for every other axis. */
export function regionOf(scope: Scope, reduced: readonly number[], outer: (axis: number) => Affine): Region {
  const x = scope.input(0);
  const axes = reduced.map((axis) => ({ name: 'k', extent: x.type.shape[axis] ?? 1 }));
  return {
    axes,
    count: axes.reduce((product, { extent }) => product * extent, 1),
    element: (...at) =>
      x.read(
        x.type.shape.map((_, axis) => (reduced.includes(axis) ? (at[reduced.indexOf(axis)] ?? constant(0)) : outer(axis))),
      ),
  };
}

/** Folds `term` of every element of a region. */
export function fold(scope: Scope, combine: Combine, region: Region, term = (x: Expression): Expression => x): Expression {
  return scope.reduce({ combine, axes: region.axes, term: (...at) => term(region.element(...at)) });
}

/** An operator with the attributes axes and keepDims. */
export function reduction(kind: string, value: (scope: Scope, region: Region) => Expression): Lowering {
  return {
    kind,
    value(scope, index) {
      const reduced = integersAttribute(scope.attributes, 'axes');
      const keepDims = booleanAttribute(scope.attributes, 'keepDims');
      const before = (axis: number) => (keepDims ? axis : axis - reduced.filter((other) => other < axis).length);
      return value(
        scope,
        regionOf(scope, reduced, (axis) => index[before(axis)] ?? constant(0)),
      );
    },
  };
}

/** As `reduction`, for results that are no whole numbers: integers are computed as f64 and cut towards zero at the end. */
export function realReduction(kind: string, value: (scope: Scope, region: Region) => Expression): Lowering {
  return reduction(kind, (scope, region) => {
    const { dtype } = scope.output;
    if (isFloat(dtype)) return value(scope, region);
    const real: Region = { ...region, element: (...at) => cast(region.element(...at), 'f64') };
    return cast(value(scope, real), dtype);
  });
}

/** A sum divided by how many were summed up. */
export function divideByCount(sum: Expression, count: number): Expression {
  return count === 1 ? sum : call('div', sum, number(count, sum.dtype));
}
