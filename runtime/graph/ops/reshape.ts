// The same elements in the same order under another shape.

import { elementCount, printType } from '../../core/tensor.js';
import { integersAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkedType, refuse } from '../rules.js';

export const reshape = define<[x: 1]>('reshape', [1, 1], {
  infer([x], attributes) {
    const type = checkedType('reshape', x.dtype, integersAttribute(attributes, 'shape'));
    if (elementCount(type.shape) !== elementCount(x.shape))
      refuse('reshape', `${printType(x)} does not fill ${printType(type)}`);
    return type;
  },
  evaluate([x], _attributes, type) {
    return { ...type, data: x.data };
  },
});
