// Indices that are not plain sums of loop variables: limited ones, ones that come as data, and indices used as numbers.

import { type Dtype, isFloat } from '../core/tensor.js';
import { type Affine, constant, rangeOf } from '../loop/affine.js';
import { call, cast, measured, number } from '../loop/expression.js';
import type { Expression } from '../loop/program.js';
import type { Scope } from './lowering.js';

/** An index as a number of `dtype`. */
export function indexValue(index: Affine, dtype: Dtype): Expression {
  return index.terms.length === 0 ? number(index.constant, dtype) : { kind: 'index', dtype, index };
}

/** `index` limited to min..max, both inclusive; the index itself where it cannot leave them. */
export function within(index: Affine, min: number, max: number): Affine {
  const [low, high] = rangeOf(index);
  return low >= min && high <= max ? index : measured(indexValue(index, 'i32'), min, max);
}

/** A computed position, rounded down, as an index limited to min..max, both inclusive. */
export function floorIndex(position: Expression, min: number, max: number): Affine {
  return measured(cast(isFloat(position.dtype) ? call('floor', position) : position, 'i32'), min, max);
}

/**
 * As `fromFront`, as an index: one outside of the axis is moved to its nearest end, so that no input can reach outside of a buffer.
 */
export function dataIndex(scope: Scope, value: Expression, extent: number): Affine {
  if (value.kind === 'number') {
    const at = value.value < 0 ? value.value + extent : value.value;
    return constant(Math.min(Math.max(at, 0), extent - 1));
  }
  return measured(fromFront(scope, value, extent), 0, extent - 1);
}

/** An index that comes as data, along an axis of `extent`, counted from the front: negative ones count from the end. */
export function fromFront(scope: Scope, value: Expression, extent: number): Expression {
  const index = scope.share(value);
  const fromEnd = call('add', index, number(extent, index.dtype));
  return call('select', call('less', index, number(0, index.dtype)), fromEnd, index);
}
