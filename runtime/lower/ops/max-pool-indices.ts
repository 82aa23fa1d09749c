// Where the largest element of a window lies in the whole input: first the largest, then the first index where it stands.

import { elementCount, stridesOf } from '../../core/tensor.js';
import { type Affine, add, constant, scale } from '../../loop/affine.js';
import { call, cast, guard, number } from '../../loop/expression.js';
import { indexValue } from '../indices.js';
import type { Lowering } from '../lowering.js';
import { readWindow, windowOf } from '../window.js';
import { largestOf } from './max-pool.js';

export const maxPoolIndices: Lowering = {
  kind: 'max-pool-indices',
  value(scope, index) {
    const x = scope.input(0);
    const window = windowOf(scope.attributes);
    const strides = stridesOf(x.type.shape);
    const largest = largestOf(scope, index);
    // Where no element equals the largest, as with NaN, the index must still end inside of the input.
    const none = number(elementCount(x.type.shape) - 1, 'i32');
    const found = scope.reduce({
      combine: 'min',
      axes: window.axes,
      start: none,
      term: (r = constant(0), s = constant(0)) => {
        const { at, inside } = readWindow(window, x.type, index as [Affine, Affine, Affine, Affine], r, s);
        const place = at.map((one, axis) => scale(one, strides[axis] ?? 1)).reduce((sum, one) => add(sum, one));
        return guard(inside, call('select', call('equal', x.read(at), largest), indexValue(place, 'i32'), none), none);
      },
    });
    return cast(found, scope.output.dtype);
  },
};
