// Output axis i is input axis permutation[i].

import { stridesOf } from '../../core/tensor.js';
import { integersAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkedType, refuse } from '../rules.js';
import { take, walk } from '../walk.js';

export const transpose = define<[x: 1]>('transpose', [1, 1], {
  infer([x], attributes) {
    const permutation = integersAttribute(attributes, 'permutation', { count: x.shape.length, min: 0 });
    if (new Set(permutation).size !== permutation.length || permutation.some((axis) => axis >= x.shape.length)) {
      refuse('transpose', `[${permutation.join(',')}] is no permutation of ${x.shape.length} axes`);
    }
    return checkedType(
      'transpose',
      x.dtype,
      permutation.map((axis) => x.shape[axis] as number),
    );
  },
  evaluate([x], attributes, { shape }) {
    const strides = stridesOf(x.shape);
    const permutation = integersAttribute(attributes, 'permutation');
    const permuted = permutation.map((axis) => strides[axis] as number);
    return take(x, walk(shape, permuted), shape);
  },
});
