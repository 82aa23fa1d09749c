// Moves blocks of space into channels, block outermost: [n, c, h b, w b] to [n, b b c, h, w].

import { printType } from '../../core/tensor.js';
import { integerAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkedType, checkRank, refuse } from '../rules.js';
import { take, walk } from '../walk.js';

export const spaceToDepth = define<[x: 1]>('space-to-depth', [1, 1], {
  infer([x], attributes) {
    checkRank('space-to-depth', 'x', x, 4);
    const block = integerAttribute(attributes, 'blocksize', 1);
    const [n, c, h, w] = x.shape as [number, number, number, number];
    if (h % block !== 0 || w % block !== 0) refuse('space-to-depth', `${printType(x)} does not divide into blocks of ${block}`);
    return checkedType('space-to-depth', x.dtype, [n, c * block * block, h / block, w / block]);
  },
  evaluate([x], attributes, { shape }) {
    const block = integerAttribute(attributes, 'blocksize');
    const [n, c, height, width] = x.shape as [number, number, number, number];
    const plane = height * width;
    const offsets = walk(
      [n, block, block, c, height / block, width / block],
      [c * plane, width, 1, plane, block * width, block],
    );
    return take(x, offsets, shape);
  },
});
