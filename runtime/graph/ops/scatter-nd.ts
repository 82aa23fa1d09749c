// Stores slices at tuples of indices, which lie along the last axis of `indices`.

import { printType, sameShape } from '../../core/tensor.js';
import { choiceAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkTuples, reductions, scatter, tupleOffsets } from '../indexing.js';
import { checkedType, checkSameDtype, refuse } from '../rules.js';

export const scatterNd = define<[data: 1, indices: 1, updates: 1]>('scatter-nd', [3, 3], {
  infer([data, indices, updates], attributes) {
    choiceAttribute(attributes, 'reduction', reductions);
    checkSameDtype('scatter-nd', [data, updates]);
    const sliceAxis = checkTuples('scatter-nd', data, indices, 0);
    const want = [...indices.shape.slice(0, -1), ...data.shape.slice(sliceAxis)];
    if (!sameShape(updates.shape, want)) refuse('scatter-nd', `updates want [${want.join(',')}], got ${printType(updates)}`);
    return checkedType('scatter-nd', data.dtype, data.shape);
  },
  evaluate([data, indices, updates], attributes) {
    const offsets = tupleOffsets('scatter-nd', data.shape, indices, 0);
    return scatter(data, offsets, updates, choiceAttribute(attributes, 'reduction', reductions));
  },
});
