// Each channel of each image to mean 0 and variance 1, then scale and bias of the channel.

import { numberAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkPerChannel, normalizeRun, planeSize, scaleChannels } from '../normalization.js';
import { numbersOf, roomFor, tensorFrom } from '../numbers.js';
import { checkedType, checkFloats } from '../rules.js';

export const instanceNorm = define<[x: 1, scale: 1, bias: 1]>('instance-norm', [3, 3], {
  infer([x, scale, bias], attributes) {
    numberAttribute(attributes, 'epsilon');
    checkFloats('instance-norm', [x, scale, bias]);
    checkPerChannel('instance-norm', x, [scale, bias]);
    return checkedType('instance-norm', x.dtype, x.shape);
  },
  evaluate([x, scale, bias], attributes, type) {
    const epsilon = numberAttribute(attributes, 'epsilon');
    const values = numbersOf(x);
    const run = planeSize(type);
    const to = roomFor(type);
    for (let start = 0; start < to.length; start += run) normalizeRun(to, values, start, run, epsilon);
    scaleChannels(to, type, numbersOf(scale), numbersOf(bias));
    return tensorFrom(type, to);
  },
});
