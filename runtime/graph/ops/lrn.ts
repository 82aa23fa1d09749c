// Local response normalization: x / (bias + alpha / size * sum of squares of `size` neighbouring channels)^beta.

import { printType } from '../../core/tensor.js';
import { integerAttribute, numberAttribute } from '../attributes.js';
import { define } from '../define.js';
import { planeSize } from '../normalization.js';
import { numbersOf, roomFor, tensorFrom } from '../numbers.js';
import { checkedType, checkFloats, refuse } from '../rules.js';

export const lrn = define<[x: 1]>('lrn', [1, 1], {
  infer([x], attributes) {
    checkFloats('lrn', [x]);
    integerAttribute(attributes, 'size', 1);
    for (const name of ['alpha', 'beta', 'bias']) numberAttribute(attributes, name);
    if (x.shape.length < 2) refuse('lrn', `wants [n, c, ...], got ${printType(x)}`);
    return checkedType('lrn', x.dtype, x.shape);
  },
  evaluate([x], attributes, type) {
    const size = integerAttribute(attributes, 'size');
    const [alpha, beta, bias] = ['alpha', 'beta', 'bias'].map((name) => numberAttribute(attributes, name)) as [
      number,
      number,
      number,
    ];
    const channels = type.shape[1] as number;
    const plane = planeSize(type);
    const values = numbersOf(x);
    const to = roomFor(type);
    for (let i = 0; i < to.length; i++) {
      const channel = Math.floor(i / plane) % channels;
      // For an even size the window has one more channel after than before.
      const first = Math.max(channel - Math.floor((size - 1) / 2), 0);
      const last = Math.min(channel + Math.ceil((size - 1) / 2), channels - 1);
      let sum = 0;
      for (let c = first; c <= last; c++) sum += (values[i + (c - channel) * plane] as number) ** 2;
      to[i] = (values[i] as number) / (bias + (alpha / size) * sum) ** beta;
    }
    return tensorFrom(type, to);
  },
});
