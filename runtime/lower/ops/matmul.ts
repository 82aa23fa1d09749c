// Matrix product by numpy's rules: batches broadcast, vectors are promoted.

import { type Affine, constant } from '../../loop/affine.js';
import { call, cast } from '../../loop/expression.js';
import { broadcastIndex } from '../broadcast.js';
import type { Lowering } from '../lowering.js';

export const matmul: Lowering = {
  kind: 'matmul',
  value(scope, index) {
    const [a, b] = [scope.input(0), scope.input(1)];
    const [rankA, rankB] = [a.type.shape.length, b.type.shape.length];
    const at = [...index];
    const column = rankB === 1 ? undefined : at.pop();
    const row = rankA === 1 ? undefined : at.pop();
    const batchA = broadcastIndex(at, a.type.shape.slice(0, Math.max(0, rankA - 2)));
    const batchB = broadcastIndex(at, b.type.shape.slice(0, Math.max(0, rankB - 2)));
    return scope.reduce({
      combine: 'add',
      axes: [{ name: 'k', extent: a.type.shape[rankA - 1] ?? 1 }],
      term: (k) => {
        const depth = k ?? constant(0);
        const left: Affine[] = row === undefined ? [depth] : [...batchA, row, depth];
        const right: Affine[] = column === undefined ? [...batchB, depth] : [...batchB, depth, column];
        return call('mul', a.read(left), cast(b.read(right), a.type.dtype));
      },
    });
  },
};
