// a where the condition holds, b elsewhere; all three broadcast.

import { allocate, elementCount } from '../../core/tensor.js';
import { define } from '../define.js';
import { broadcastShapes, checkedType, checkSameDtype, refuse } from '../rules.js';
import { broadcastStrides, walk } from '../walk.js';

export const where = define<[condition: 1, a: 1, b: 1]>('where', [3, 3], {
  infer([condition, a, b]) {
    if (condition.dtype !== 'bool') refuse('where', `the condition wants bool, got ${condition.dtype}`);
    checkSameDtype('where', [a, b]);
    const shape = broadcastShapes('where', condition.shape, broadcastShapes('where', a.shape, b.shape));
    return checkedType('where', a.dtype, shape);
  },
  evaluate([condition, a, b], _attributes, { dtype, shape }) {
    const ofCondition = walk(shape, broadcastStrides(condition.shape, shape));
    const ofA = walk(shape, broadcastStrides(a.shape, shape));
    const ofB = walk(shape, broadcastStrides(b.shape, shape));
    const data = allocate(dtype, elementCount(shape)) as Float64Array;
    for (let i = 0; i < data.length; i++) {
      const holds = condition.data[ofCondition[i] as number];
      data[i] = (holds ? a.data[ofA[i] as number] : b.data[ofB[i] as number]) as number;
    }
    return { dtype, shape, data };
  },
});
