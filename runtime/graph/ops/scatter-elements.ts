// Stores each update at its own place, with the index along the axis.

import { printType, sameShape } from '../../core/tensor.js';
import { choiceAttribute, integerAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkIndices, elementOffsets, reductions, scatter } from '../indexing.js';
import { checkAxis, checkedType, checkRank, checkSameDtype, refuse } from '../rules.js';

export const scatterElements = define<[data: 1, indices: 1, updates: 1]>('scatter-elements', [3, 3], {
  infer([data, indices, updates], attributes) {
    const axis = checkAxis('scatter-elements', integerAttribute(attributes, 'axis'), data.shape.length);
    choiceAttribute(attributes, 'reduction', reductions);
    checkIndices('scatter-elements', indices);
    checkSameDtype('scatter-elements', [data, updates]);
    checkRank('scatter-elements', 'indices', indices, data.shape.length);
    if (!sameShape(indices.shape, updates.shape)) {
      refuse('scatter-elements', `${printType(updates)} are not as many updates as indices ${printType(indices)}`);
    }
    if (indices.shape.some((extent, i) => i !== axis && extent > (data.shape[i] as number))) {
      refuse('scatter-elements', `indices ${printType(indices)} reach outside ${printType(data)}`);
    }
    return checkedType('scatter-elements', data.dtype, data.shape);
  },
  evaluate([data, indices, updates], attributes) {
    const offsets = elementOffsets('scatter-elements', data.shape, indices, integerAttribute(attributes, 'axis'));
    return scatter(data, offsets, updates, choiceAttribute(attributes, 'reduction', reductions));
  },
});
