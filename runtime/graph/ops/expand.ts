// Repeats a tensor to the shape that it and `shape` broadcast to.

import { integersAttribute } from '../attributes.js';
import { define } from '../define.js';
import { broadcastShapes, checkedType } from '../rules.js';
import { broadcastStrides, take, walk } from '../walk.js';

export const expand = define<[x: 1]>('expand', [1, 1], {
  infer([x], attributes) {
    const shape = integersAttribute(attributes, 'shape', { min: 0 });
    return checkedType('expand', x.dtype, broadcastShapes('expand', x.shape, shape));
  },
  evaluate([x], _attributes, { shape }) {
    return take(x, walk(shape, broadcastStrides(x.shape, shape)), shape);
  },
});
