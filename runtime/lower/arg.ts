// The index of the best element along an axis: first the best element, then the first or last index where it stands.

import { booleanAttribute, numberAttribute } from '../graph/attributes.js';
import { constant } from '../loop/affine.js';
import { call, cast, number } from '../loop/expression.js';
import { indexValue } from './indices.js';
import type { Lowering } from './lowering.js';
import { fold, regionOf } from './reduce.js';

export function argOperator(kind: string, combine: 'max' | 'min'): Lowering {
  return {
    kind,
    value(scope, index) {
      const axis = numberAttribute(scope.attributes, 'axis');
      const keepDims = booleanAttribute(scope.attributes, 'keepDims');
      const last = booleanAttribute(scope.attributes, 'selectLast');
      const outer = (other: number) => index[keepDims || other < axis ? other : other - 1] ?? constant(0);
      const region = regionOf(scope, [axis], outer);
      const best = fold(scope, combine, region);
      // What no element equals, as NaN, must still end inside of the axis.
      const none = number(last ? 0 : region.count - 1, 'i32');
      const found = scope.reduce({
        combine: last ? 'max' : 'min',
        axes: region.axes,
        start: none,
        term: (k = constant(0)) => call('select', call('equal', region.element(k), best), indexValue(k, 'i32'), none),
      });
      return cast(found, scope.output.dtype);
    },
  };
}
