// a where the condition holds, b elsewhere; all three broadcast.

import { allocate, elementCount, type Tensor, type TensorType } from '../../core/tensor.js';
import type { OpDefinition } from '../graph.js';
import { broadcastShapes, checkCount, checkedType, checkSameDtype, refuse, required } from '../rules.js';
import { broadcastStrides, walk } from '../walk.js';

export const where: OpDefinition = {
  kind: 'where',
  infer(inputs) {
    checkCount('where', inputs, 3);
    const [condition, a, b] = [0, 1, 2].map((index) => required('where', inputs, index)) as [
      TensorType,
      TensorType,
      TensorType,
    ];
    if (condition.dtype !== 'bool') refuse('where', `the condition wants bool, got ${condition.dtype}`);
    checkSameDtype('where', [a, b]);
    const shape = broadcastShapes('where', condition.shape, broadcastShapes('where', a.shape, b.shape));
    return [checkedType('where', a.dtype, shape)];
  },
  evaluate(inputs, _attributes, [type]) {
    const { dtype, shape } = type as TensorType;
    const tensors = [0, 1, 2].map((index) => required('where', inputs, index)) as [Tensor, Tensor, Tensor];
    const [condition, a, b] = tensors;
    const [ofCondition, ofA, ofB] = tensors.map((tensor) => walk(shape, broadcastStrides(tensor.shape, shape))) as Int32Array[];
    const data = allocate(dtype, elementCount(shape)) as Float64Array;
    for (let i = 0; i < data.length; i++) {
      const [from, offsets] = condition.data[ofCondition?.[i] as number] ? [a, ofA] : [b, ofB];
      data[i] = from.data[offsets?.[i] as number] as number;
    }
    return [{ dtype, shape, data }];
  },
};
