// The sliding window of pools.

import type { TensorType } from '../core/tensor.js';
import { integersAttribute } from '../graph/attributes.js';
import type { Attributes } from '../graph/graph.js';
import { type Affine, add, offset, scale } from '../loop/affine.js';
import type { Condition } from '../loop/program.js';
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
