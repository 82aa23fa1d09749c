// alpha * A * B + beta * C, either factor transposed.

import { booleanAttribute, numberAttribute } from '../../graph/attributes.js';
import type { Affine } from '../../loop/affine.js';
import { call, number } from '../../loop/expression.js';
import type { Expression } from '../../loop/program.js';
import { broadcastIndex } from '../broadcast.js';
import type { Lowering } from '../lowering.js';

export const gemm: Lowering = {
  kind: 'gemm',
  value(scope, index) {
    const [a, b, c] = [scope.input(0), scope.input(1), scope.operand(2)];
    const [row, column] = index as [Affine, Affine];
    const transA = booleanAttribute(scope.attributes, 'transA');
    const transB = booleanAttribute(scope.attributes, 'transB');
    const product = scope.reduce({
      combine: 'add',
      axes: [{ name: 'k', extent: a.type.shape[transA ? 0 : 1] ?? 1 }],
      term: (k) => {
        const depth = k as Affine;
        return call('mul', a.read(transA ? [depth, row] : [row, depth]), b.read(transB ? [column, depth] : [depth, column]));
      },
    });
    const scaled = times(numberAttribute(scope.attributes, 'alpha'), product);
    if (c === undefined) return scaled;
    return call('add', scaled, times(numberAttribute(scope.attributes, 'beta'), c.read(broadcastIndex(index, c.type.shape))));
  },
};

function times(factor: number, value: Expression): Expression {
  return factor === 1 ? value : call('mul', number(factor, value.dtype), value);
}
