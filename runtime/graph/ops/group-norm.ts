// Each group of channels of each image to mean 0 and variance 1, then scale and bias of the channel.

import { printType } from '../../core/tensor.js';
import { integerAttribute, numberAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkPerChannel, normalizeRun, planeSize, scaleChannels } from '../normalization.js';
import { numbersOf, roomFor, tensorFrom } from '../numbers.js';
import { checkedType, checkFloats, refuse } from '../rules.js';

export const groupNorm = define<[x: 1, scale: 1, bias: 1]>('group-norm', [3, 3], {
  infer([x, scale, bias], attributes) {
    numberAttribute(attributes, 'epsilon');
    const groups = integerAttribute(attributes, 'groups', 1);
    checkFloats('group-norm', [x, scale, bias]);
    checkPerChannel('group-norm', x, [scale, bias]);
    if ((x.shape[1] as number) % groups !== 0) refuse('group-norm', `${printType(x)} does not divide into ${groups} groups`);
    return checkedType('group-norm', x.dtype, x.shape);
  },
  evaluate([x, scale, bias], attributes, type) {
    const epsilon = numberAttribute(attributes, 'epsilon');
    const values = numbersOf(x);
    const run = (planeSize(type) * (type.shape[1] as number)) / integerAttribute(attributes, 'groups');
    const to = roomFor(type);
    for (let start = 0; start < to.length; start += run) normalizeRun(to, values, start, run, epsilon);
    scaleChannels(to, type, numbersOf(scale), numbersOf(bias));
    return tensorFrom(type, to);
  },
});
