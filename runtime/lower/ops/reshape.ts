// Reshape: the same elements in the same order under another shape.

import { sameShape, stridesOf } from '../../core/tensor.js';
import { type Affine, add, constant, quotient, remainder, scale } from '../../loop/affine.js';
import type { Lowering } from '../lowering.js';

export const reshape: Lowering = {
  kind: 'reshape',
  value(scope, index) {
    const x = scope.input(0);
    if (sameShape(x.type.shape, scope.output.shape)) return x.read(index);
    const strides = stridesOf(scope.output.shape);
    const linear = index.reduce<Affine>((sum, at, axis) => add(sum, scale(at, strides[axis] ?? 1)), constant(0));
    return x.read(indexOfLinear(linear, x.type.shape));
  },
};

/** The index of the element that stands at a row-major position. */
export function indexOfLinear(linear: Affine, shape: readonly number[]): Affine[] {
  const index: Affine[] = [];
  let rest = linear;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis] ?? 1;
    index[axis] = axis === 0 ? rest : remainder(rest, extent);
    rest = quotient(rest, extent);
  }
  return index;
}
