// Resamples every axis to its new size: the axes are independent, so the weight of an element is the product of those along the axes.

import { type Dtype, isFloat } from '../../core/tensor.js';
import { numberAttribute } from '../../graph/attributes.js';
import { resamplings } from '../../graph/ops/resize.js';
import type { Affine } from '../../loop/affine.js';
import { call, cast, guard } from '../../loop/expression.js';
import type { Expression } from '../../loop/program.js';
import type { Lowering, Operand } from '../lowering.js';
import { like } from '../pointwise.js';
import { isOutside, type Tap, tapsOf } from '../resampling.js';

export const resize: Lowering = {
  kind: 'resize',
  value(scope, index) {
    const x = scope.input(0);
    const { dtype } = scope.output;
    const real: Dtype = isFloat(dtype) ? dtype : 'f64';
    const axes = resamplings(x.type.shape, scope.attributes);
    const taps = axes.map((resampling, axis) => tapsOf(scope, resampling, index[axis] as Affine, real));
    const isCopy = taps.every(([only, more]) => more === undefined && only?.weight === undefined);
    const value = isCopy ? x.read(taps.map(([only]) => (only as Tap).index)) : cast(blend(x, taps, [], real), dtype);
    return axes.reduce((result, resampling, axis) => {
      const outside = isOutside(resampling, index[axis] as Affine);
      const filler = like(result, numberAttribute(scope.attributes, 'extrapolation'));
      return outside === undefined ? result : call('select', outside, filler, result);
    }, value);
  },
};

/** The weighted sum over the taps of the axes from `chosen.length` on, at the indices chosen for those before. */
function blend(x: Operand, taps: readonly (readonly Tap[])[], chosen: readonly Affine[], dtype: Dtype): Expression {
  const here = taps[chosen.length];
  if (here === undefined) return cast(readInside(x, chosen), dtype);
  return here
    .map(({ index, weight }) => {
      const value = blend(x, taps, [...chosen, index], dtype);
      return weight === undefined ? value : call('mul', weight, value);
    })
    .reduce((sum, term) => call('add', sum, term));
}

/** Storage may run past the last channel, and what stands there is not 0. */
function readInside(x: Operand, index: readonly Affine[]): Expression {
  const element = x.read(index);
  const channel = index[1];
  if (x.block === 1 || channel === undefined) return element;
  return guard([{ index: channel, low: 0, high: x.type.shape[1] ?? 0 }], element, like(element, 0));
}
