// a where the condition holds, b elsewhere; all three broadcast.

import { call } from '../../loop/expression.js';
import { broadcastIndex } from '../broadcast.js';
import type { Lowering } from '../lowering.js';

export const where: Lowering = {
  kind: 'where',
  value(scope, index) {
    const read = (i: number) => scope.input(i).read(broadcastIndex(index, scope.input(i).type.shape));
    return call('select', read(0), read(1), read(2));
  },
};
