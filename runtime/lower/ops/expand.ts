// Repeats a tensor to the shape that it broadcasts to.

import { broadcastIndex } from '../broadcast.js';
import type { Lowering } from '../lowering.js';

export const expand: Lowering = {
  kind: 'expand',
  value(scope, index) {
    const x = scope.input(0);
    return x.read(broadcastIndex(index, x.type.shape));
  },
};
