// Picks slices by tuples of indices, which lie along the last axis of `indices`; the first batchDims axes go in step.

import { numberAttribute } from '../../graph/attributes.js';
import { constant } from '../../loop/affine.js';
import { dataIndex } from '../indices.js';
import type { Lowering } from '../lowering.js';

export const gatherNd: Lowering = {
  kind: 'gather-nd',
  value(scope, index) {
    const [data, indices] = [scope.input(0), scope.input(1)];
    const batch = numberAttribute(scope.attributes, 'batchDims');
    const tuple = index.slice(0, indices.type.shape.length - 1);
    const picks = Array.from({ length: indices.type.shape.at(-1) ?? 0 }, (_, i) =>
      dataIndex(scope, indices.read([...tuple, constant(i)]), data.type.shape[batch + i] ?? 1),
    );
    return data.read([...index.slice(0, batch), ...picks, ...index.slice(tuple.length)]);
  },
};
