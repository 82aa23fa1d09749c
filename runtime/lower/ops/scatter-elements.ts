// Stores each update at its own place, with the index along the axis.

import { numberAttribute } from '../../graph/attributes.js';
import { constant } from '../../loop/affine.js';
import { guard, number } from '../../loop/expression.js';
import { fromFront } from '../indices.js';
import type { Lowering } from '../lowering.js';
import { isAt, updated } from '../scatter.js';

export const scatterElements: Lowering = {
  kind: 'scatter-elements',
  value(scope, index) {
    const [data, indices, updates] = [scope.input(0), scope.input(1), scope.input(2)];
    const axis = numberAttribute(scope.attributes, 'axis');
    const { shape } = indices.type;
    const others = index.map((at, i) => ({ index: i === axis ? constant(0) : at, low: 0, high: shape[i] ?? 0 }));
    return updated(scope, data.read(index), {
      count: shape[axis] ?? 1,
      read: (k) => updates.read(index.map((at, i) => (i === axis ? k : at))),
      isHit: (k) => {
        const target = fromFront(scope, indices.read(index.map((at, i) => (i === axis ? k : at))), data.type.shape[axis] ?? 1);
        return guard(others, isAt(target, index[axis] ?? constant(0)), number(0, 'bool'));
      },
    });
  },
};
