// Stores slices at tuples of indices, which lie along the last axis of `indices`.

import { elementCount } from '../../core/tensor.js';
import { type Affine, constant } from '../../loop/affine.js';
import { call } from '../../loop/expression.js';
import { fromFront } from '../indices.js';
import type { Lowering } from '../lowering.js';
import { isAt, updated } from '../scatter.js';
import { indexOfLinear } from './reshape.js';

export const scatterNd: Lowering = {
  kind: 'scatter-nd',
  value(scope, index) {
    const [data, indices, updates] = [scope.input(0), scope.input(1), scope.input(2)];
    const tuples = indices.type.shape.slice(0, -1);
    const depth = indices.type.shape.at(-1) ?? 1;
    return updated(scope, data.read(index), {
      count: elementCount(tuples),
      read: (k) => updates.read([...indexOfLinear(k, tuples), ...index.slice(depth)]),
      isHit: (k) =>
        index
          .slice(0, depth)
          .map((at, i) => {
            const part = indices.read([...indexOfLinear(k, tuples), constant(i)]);
            return isAt(fromFront(scope, part, data.type.shape[i] ?? 1), at as Affine);
          })
          .reduce((all, one) => call('and', all, one)),
    });
  },
};
