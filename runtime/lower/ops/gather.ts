// Picks slices along an axis by index: data[..., indices, ...].

import { numberAttribute } from '../../graph/attributes.js';
import { dataIndex } from '../indices.js';
import type { Lowering } from '../lowering.js';

export const gather: Lowering = {
  kind: 'gather',
  value(scope, index) {
    const [data, indices] = [scope.input(0), scope.input(1)];
    const axis = numberAttribute(scope.attributes, 'axis');
    const end = axis + indices.type.shape.length;
    const pick = dataIndex(scope, indices.read(index.slice(axis, end)), data.type.shape[axis] ?? 1);
    return data.read([...index.slice(0, axis), pick, ...index.slice(end)]);
  },
};
