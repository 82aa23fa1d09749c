// Picks slices by tuples of indices, which lie along the last axis of `indices`; the first batchDims axes go in step.

import { integerAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkTuples, tupleOffsets } from '../indexing.js';
import { checkedType } from '../rules.js';
import { take } from '../walk.js';

export const gatherNd = define<[data: 1, indices: 1]>('gather-nd', [2, 2], {
  infer([data, indices], attributes) {
    const batch = integerAttribute(attributes, 'batchDims', 0);
    const sliceAxis = checkTuples('gather-nd', data, indices, batch);
    return checkedType('gather-nd', data.dtype, [...indices.shape.slice(0, -1), ...data.shape.slice(sliceAxis)]);
  },
  evaluate([data, indices], attributes, { shape }) {
    return take(data, tupleOffsets('gather-nd', data.shape, indices, integerAttribute(attributes, 'batchDims')), shape);
  },
});
