// The upper or lower triangle of the last two axes, from diagonal k on; the rest is 0.

import { allocate, elementCount } from '../../core/tensor.js';
import { booleanAttribute, integerAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkedType, refuse } from '../rules.js';

export const trilu = define<[x: 1]>('trilu', [1, 1], {
  infer([x], attributes) {
    booleanAttribute(attributes, 'upper');
    integerAttribute(attributes, 'k');
    if (x.shape.length < 2) refuse('trilu', `wants at least 2 axes, got ${x.shape.length}`);
    return checkedType('trilu', x.dtype, x.shape);
  },
  evaluate([x], attributes, { dtype, shape }) {
    const upper = booleanAttribute(attributes, 'upper');
    const k = integerAttribute(attributes, 'k');
    const [rows, columns] = shape.slice(-2) as [number, number];
    const data = allocate(dtype, elementCount(shape)) as Float64Array;
    for (let i = 0; i < data.length; i++) {
      const diagonal = (i % columns) - (Math.floor(i / columns) % rows);
      if (upper ? diagonal >= k : diagonal <= k) data[i] = x.data[i] as number;
    }
    return { dtype, shape, data };
  },
});
