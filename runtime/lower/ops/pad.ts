// Adds elements around a tensor, or cuts them off where a pad is negative. `pads` starts with the counts before every axis.

import { integersAttribute, numberAttribute } from '../../graph/attributes.js';
import { type Affine, offset, rangeOf, remainder } from '../../loop/affine.js';
import { call, guard, measured, number } from '../../loop/expression.js';
import { indexValue, within } from '../indices.js';
import type { Lowering } from '../lowering.js';
import { like } from '../pointwise.js';

export const pad: Lowering = {
  kind: 'pad',
  value(scope, index) {
    const x = scope.input(0);
    const { shape } = x.type;
    const mode = scope.attributes['mode'];
    const pads = integersAttribute(scope.attributes, 'pads');
    const source = index.map((at, axis) => offset(at, -(pads[axis] ?? 0)));
    if (mode !== 'constant') return x.read(source.map((at, axis) => folded(mode, at, shape[axis] ?? 1)));
    const element = x.read(source);
    const inside = source.map((at, axis) => ({ index: at, low: 0, high: shape[axis] ?? 0 }));
    return guard(inside, element, like(element, numberAttribute(scope.attributes, 'value')));
  },
};

/** The index inside of an axis of `extent` whose element stands at `at`, which may lie outside. */
function folded(mode: unknown, at: Affine, extent: number): Affine {
  if (mode === 'edge') return within(at, 0, extent - 1);
  if (mode === 'wrap') return remainder(at, extent);
  const [min, max] = rangeOf(at);
  if (min >= 0 && max < extent) return at;
  // Reflected back and forth; the border element itself is not repeated.
  const period = Math.max(2 * (extent - 1), 1);
  const phase = indexValue(remainder(at, period), 'i32');
  return measured(call('min', phase, call('sub', number(period, 'i32'), phase)), 0, extent - 1);
}
