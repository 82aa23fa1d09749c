// Picks one element for each index: its place is that of the index, with the index itself along the axis.

import { printType } from '../../core/tensor.js';
import { integerAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkIndices, elementOffsets } from '../indexing.js';
import { checkAxis, checkedType, checkRank, refuse } from '../rules.js';
import { take } from '../walk.js';

export const gatherElements = define<[data: 1, indices: 1]>('gather-elements', [2, 2], {
  infer([data, indices], attributes) {
    const axis = checkAxis('gather-elements', integerAttribute(attributes, 'axis'), data.shape.length);
    checkIndices('gather-elements', indices);
    checkRank('gather-elements', 'indices', indices, data.shape.length);
    if (indices.shape.some((extent, i) => i !== axis && extent > (data.shape[i] as number))) {
      refuse('gather-elements', `indices ${printType(indices)} reach outside ${printType(data)}`);
    }
    return checkedType('gather-elements', data.dtype, indices.shape);
  },
  evaluate([data, indices], attributes, { shape }) {
    return take(data, elementOffsets('gather-elements', data.shape, indices, integerAttribute(attributes, 'axis')), shape);
  },
});
