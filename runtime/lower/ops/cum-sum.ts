// Running sums along the axis, from its end with `reverse`, without the element itself with `exclusive`.

import { booleanAttribute, numberAttribute } from '../../graph/attributes.js';
import { type Affine, constant, subtract } from '../../loop/affine.js';
import { guard } from '../../loop/expression.js';
import type { Lowering } from '../lowering.js';
import { like } from '../pointwise.js';

export const cumSum: Lowering = {
  kind: 'cum-sum',
  value(scope, index) {
    const x = scope.input(0);
    const axis = numberAttribute(scope.attributes, 'axis');
    const reverse = booleanAttribute(scope.attributes, 'reverse');
    const nearest = booleanAttribute(scope.attributes, 'exclusive') ? 1 : 0;
    const extent = x.type.shape[axis] ?? 1;
    const here: Affine = index[axis] ?? constant(0);
    return scope.reduce({
      combine: 'add',
      axes: [{ name: 'k', extent }],
      term: (k = constant(0)) => {
        const element = x.read(index.map((at, i) => (i === axis ? k : at)));
        const distance = reverse ? subtract(k, here) : subtract(here, k);
        return guard([{ index: distance, low: nearest, high: extent }], element, like(element, 0));
      },
    });
  },
};
