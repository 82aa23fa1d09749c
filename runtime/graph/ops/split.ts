// Cuts a tensor along an axis into pieces of the given sizes: the only operator with several outputs.

import { printType, stridesOf } from '../../core/tensor.js';
import { integerAttribute, integersAttribute } from '../attributes.js';
import type { OpDefinition } from '../graph.js';
import { checkAxis, checkCount, checkedType, refuse, required, withExtent } from '../rules.js';
import { take, walk } from '../walk.js';

export const split: OpDefinition = {
  kind: 'split',
  infer(inputs, attributes) {
    checkCount('split', inputs, 1);
    const x = required('split', inputs, 0);
    const axis = checkAxis('split', integerAttribute(attributes, 'axis'), x.shape.length);
    const sizes = integersAttribute(attributes, 'sizes', { min: 0 });
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (total !== x.shape[axis]) refuse('split', `sizes [${sizes.join(',')}] do not add up to axis ${axis} of ${printType(x)}`);
    return sizes.map((size) => checkedType('split', x.dtype, withExtent(x.shape, axis, size)));
  },
  evaluate(inputs, attributes, outputs) {
    const x = required('split', inputs, 0);
    const axis = integerAttribute(attributes, 'axis');
    const strides = stridesOf(x.shape);
    let start = 0;
    return outputs.map(({ shape }) => {
      const piece = take(x, walk(shape, strides, start * (strides[axis] as number)), shape);
      start += shape[axis] as number;
      return piece;
    });
  },
};
