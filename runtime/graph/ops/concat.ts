// Joins tensors along an axis.

import { allocate, elementCount, printType, sameShape, stridesOf, type TensorType } from '../../core/tensor.js';
import { integerAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkAxis, checkCount, checkedType, checkSameDtype, refuse, required, withExtent } from '../rules.js';
import { put, walk } from '../walk.js';

export const concat = define<1[]>('concat', [1, Number.POSITIVE_INFINITY], {
  infer(inputs, attributes) {
    const first: TensorType = required('concat', inputs, 0);
    const axis = checkAxis('concat', integerAttribute(attributes, 'axis'), first.shape.length);
    checkCount('concat', inputs, inputs.length, inputs.length);
    checkSameDtype('concat', inputs);
    let extent = 0;
    for (const type of inputs) {
      if (!sameShape(withExtent(type.shape, axis, 0), withExtent(first.shape, axis, 0))) {
        refuse('concat', `${printType(type)} does not join ${printType(first)} along axis ${axis}`);
      }
      extent += type.shape[axis] as number;
    }
    return checkedType('concat', first.dtype, withExtent(first.shape, axis, extent));
  },
  evaluate(inputs, attributes, { dtype, shape }) {
    const axis = integerAttribute(attributes, 'axis');
    const strides = stridesOf(shape);
    const result = { dtype, shape, data: allocate(dtype, elementCount(shape)) };
    let start = 0;
    for (const tensor of inputs) {
      put(result, walk(tensor.shape, strides, start * (strides[axis] as number)), tensor);
      start += tensor.shape[axis] as number;
    }
    return result;
  },
});
