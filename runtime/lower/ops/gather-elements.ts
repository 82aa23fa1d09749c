// Picks one element for each index: its place is that of the index, with the index itself along the axis.

import { numberAttribute } from '../../graph/attributes.js';
import { dataIndex } from '../indices.js';
import type { Lowering } from '../lowering.js';

export const gatherElements: Lowering = {
  kind: 'gather-elements',
  value(scope, index) {
    const [data, indices] = [scope.input(0), scope.input(1)];
    const axis = numberAttribute(scope.attributes, 'axis');
    const pick = dataIndex(scope, indices.read(index), data.type.shape[axis] ?? 1);
    return data.read(index.map((at, i) => (i === axis ? pick : at)));
  },
};
