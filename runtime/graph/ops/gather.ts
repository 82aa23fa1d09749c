// Picks slices along an axis by index: data[..., indices, ...].

import { elementCount, stridesOf } from '../../core/tensor.js';
import { integerAttribute } from '../attributes.js';
import { define } from '../define.js';
import { checkIndices, wrapIndex } from '../indexing.js';
import { numbersOf } from '../numbers.js';
import { checkAxis, checkedType } from '../rules.js';
import { take } from '../walk.js';

export const gather = define<[data: 1, indices: 1]>('gather', [2, 2], {
  infer([data, indices], attributes) {
    const axis = checkAxis('gather', integerAttribute(attributes, 'axis'), data.shape.length);
    checkIndices('gather', indices);
    const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
    return checkedType('gather', data.dtype, shape);
  },
  evaluate([data, indices], attributes, { shape }) {
    const axis = integerAttribute(attributes, 'axis');
    const extent = data.shape[axis] as number;
    const inner = stridesOf(data.shape)[axis] as number;
    const picks = Array.from(numbersOf(indices), (index) => wrapIndex('gather', index, extent));
    const offsets = new Int32Array(elementCount(shape));
    let at = 0;
    for (let outer = 0; at < offsets.length; outer++) {
      for (const pick of picks) {
        const start = (outer * extent + pick) * inner;
        for (let i = 0; i < inner; i++) offsets[at++] = start + i;
      }
    }
    return take(data, offsets, shape);
  },
});
