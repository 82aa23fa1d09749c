// Repeats a tensor along every axis.

import { remainder } from '../../loop/affine.js';
import type { Lowering } from '../lowering.js';

export const tile: Lowering = {
  kind: 'tile',
  value(scope, index) {
    const x = scope.input(0);
    return x.read(index.map((at, axis) => remainder(at, x.type.shape[axis] ?? 1)));
  },
};
