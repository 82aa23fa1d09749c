// Repeats a tensor repeats[i] times along axis i.

import { stridesOf } from '../../core/tensor.js';
import { integersAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkedType } from '../rules.js';
import { take, walk } from '../walk.js';

export const tile = define<[x: 1]>('tile', [1, 1], {
  infer([x], attributes) {
    const repeats = integersAttribute(attributes, 'repeats', { count: x.shape.length, min: 0 });
    return checkedType(
      'tile',
      x.dtype,
      x.shape.map((extent, axis) => extent * (repeats[axis] as number)),
    );
  },
  evaluate([x], attributes, { shape }) {
    const repeats = integersAttribute(attributes, 'repeats');
    const strides = stridesOf(x.shape);
    // Seen as [repeat, extent] pairs of axes, the repeats have the stride 0.
    const pairs = x.shape.flatMap((extent, axis) => [repeats[axis] as number, extent]);
    const offsets = walk(
      pairs,
      strides.flatMap((stride) => [0, stride]),
    );
    return take(x, offsets, shape);
  },
});
