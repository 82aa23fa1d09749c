// Moves blocks of channels into space: [n, c b b, h, w] to [n, c, h b, w b]. Block outermost (DCR) or innermost (CRD) in the
// channels.

import { printType } from '../../core/tensor.js';
import { choiceAttribute, integerAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkedType, checkRank, refuse } from '../rules.js';
import { take, walk } from '../walk.js';

export const depthToSpace = define<[x: 1]>('depth-to-space', [1, 1], {
  infer([x], attributes) {
    checkRank('depth-to-space', 'x', x, 4);
    const block = integerAttribute(attributes, 'blocksize', 1);
    choiceAttribute(attributes, 'mode', ['DCR', 'CRD']);
    const [n, channels, h, w] = x.shape as [number, number, number, number];
    if (channels % (block * block) !== 0)
      refuse('depth-to-space', `${printType(x)} has no blocks of ${block} x ${block} channels`);
    return checkedType('depth-to-space', x.dtype, [n, channels / (block * block), h * block, w * block]);
  },
  evaluate([x], attributes, { shape }) {
    const block = integerAttribute(attributes, 'blocksize');
    const [n, c, , w] = shape as [number, number, number, number];
    const [h, width] = [x.shape[2] as number, w / block];
    const plane = h * width;
    const [ofChannel, ofBlock] = attributes['mode'] === 'DCR' ? [plane, c * plane] : [block * block * plane, plane];
    const offsets = walk(
      [n, c, h, block, width, block],
      [c * block * block * plane, ofChannel, width, block * ofBlock, 1, ofBlock],
    );
    return take(x, offsets, shape);
  },
});
