// The sliding window of pools.

import type { TensorType } from '../core/tensor.js';
import { integersAttribute } from '../graph/attributes.js';
import type { Attributes } from '../graph/graph.js';
import { type Affine, add, offset, quotient, rangeOf, scale } from '../loop/affine.js';
import { call, number } from '../loop/expression.js';
import type { Condition, Expression } from '../loop/program.js';
import { indexValue } from './indices.js';
import type { ReduceAxis } from './lowering.js';

export interface Window {
  readonly axes: readonly ReduceAxis[];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
}

export function windowOf(attributes: Attributes): Window {
  const [rows, columns] = integersAttribute(attributes, 'kernel') as [number, number];
  return {
    axes: [
      { name: 'r', extent: rows },
      { name: 's', extent: columns },
    ],
    strides: integersAttribute(attributes, 'strides') as [number, number],
    dilations: integersAttribute(attributes, 'dilations') as [number, number],
    pads: integersAttribute(attributes, 'pads') as [number, number, number, number],
  };
}

/** Where tap (r, s) of the window of output element `index` reads, and the conditions under which that is inside the input. */
export function readWindow(
  window: Window,
  input: TensorType,
  [n, c, h, w]: readonly [Affine, Affine, Affine, Affine],
  r: Affine,
  s: Affine,
): { at: readonly Affine[]; inside: readonly Condition[] } {
  const row = offset(add(scale(h, window.strides[0]), scale(r, window.dilations[0])), -window.pads[0]);
  const column = offset(add(scale(w, window.strides[1]), scale(s, window.dilations[1])), -window.pads[1]);
  const inside = [
    { index: row, low: 0, high: input.shape[2] ?? 0 },
    { index: column, low: 0, high: input.shape[3] ?? 0 },
  ];
  return { at: [n, c, row, column], inside };
}

/**
 * How many cells of the window of output element `index` lie inside the input along h (axis 0) or w (axis 1), as i32; with
 * `withPads` inside the pads too.
 */
export function cellsInside(
  window: Window,
  input: TensorType,
  index: readonly [Affine, Affine, Affine, Affine],
  axis: 0 | 1,
  withPads: boolean,
): Expression {
  const [stride, dilation] = [window.strides[axis], window.dilations[axis]];
  const [before, after] = [window.pads[axis], window.pads[axis === 0 ? 2 : 3]];
  const cells = window.axes[axis]?.extent ?? 1;
  const first = offset(scale(index[axis + 2] as Affine, stride), -before);
  const [low, high] = withPads ? [-before, (input.shape[axis + 2] ?? 0) + after] : [0, input.shape[axis + 2] ?? 0];
  // Cell r lies at first + r * dilation: outside while r < (low - first) / dilation, and from (high - first) / dilation on.
  const skipped = quotient(offset(scale(first, -1), low + dilation - 1), dilation);
  const end = quotient(offset(scale(first, -1), high + dilation - 1), dilation);
  const [from, to] = [atLeast(skipped, 0), atMost(end, cells)];
  return from === undefined ? to : call('sub', to, from);
}

/** The greater one of an index and a number as i32; undefined where that is always the number, which is 0. */
function atLeast(index: Affine, zero: 0): Expression | undefined {
  return rangeOf(index)[1] <= zero ? undefined : call('max', indexValue(index, 'i32'), number(zero, 'i32'));
}

function atMost(index: Affine, limit: number): Expression {
  return rangeOf(index)[0] >= limit ? number(limit, 'i32') : call('min', indexValue(index, 'i32'), number(limit, 'i32'));
}
