// alpha A B + beta C of matrices; A and B may be given transposed, C broadcasts.

import { printType, sameShape, type TensorType } from '../../core/tensor.js';
import { booleanAttribute, numberAttribute } from '../attributes.js';
import { define } from '../define.js';
import type { Attributes } from '../graph.js';
import { matrix, multiply } from '../multiply.js';
import { numbersOf, roomFor, tensorFrom } from '../numbers.js';
import { broadcastShapes, checkedType, checkRank, checkSameDtype, refuse } from '../rules.js';
import { broadcastStrides, walk } from '../walk.js';

export const gemm = define<[a: 1, b: 1, c?: 1]>('gemm', [2, 3], {
  infer([a, b, c], attributes) {
    checkSameDtype('gemm', [a, b, c]);
    checkRank('gemm', 'a', a, 2);
    checkRank('gemm', 'b', b, 2);
    numberAttribute(attributes, 'alpha');
    numberAttribute(attributes, 'beta');
    const [rows, depth, depthOfB, columns] = extentsOf(a, b, attributes);
    if (a.dtype === 'bool' || depth !== depthOfB) refuse('gemm', `${printType(a)} and ${printType(b)} do not fit together`);
    const type = checkedType('gemm', a.dtype, [rows, columns]);
    if (c !== undefined && !sameShape(broadcastShapes('gemm', c.shape, type.shape), type.shape)) {
      refuse('gemm', `${printType(c)} does not broadcast to ${printType(type)}`);
    }
    return type;
  },
  evaluate([a, b, c], attributes, type) {
    const alpha = numberAttribute(attributes, 'alpha');
    const beta = numberAttribute(attributes, 'beta');
    const [rows, depth, , columns] = extentsOf(a, b, attributes);
    const left = matrix(numbersOf(a), 0, a.shape[1] as number, booleanAttribute(attributes, 'transA'));
    const right = matrix(numbersOf(b), 0, b.shape[1] as number, booleanAttribute(attributes, 'transB'));
    const to = roomFor(type);
    multiply(to, 0, left, right, [rows, depth, columns]);
    const added = c && numbersOf(c);
    const offsets = c && walk(type.shape, broadcastStrides(c.shape, type.shape));
    for (let i = 0; i < to.length; i++) {
      const rest = added === undefined ? 0 : beta * (added[offsets?.[i] as number] as number);
      to[i] = alpha * (to[i] as number) + rest;
    }
    return tensorFrom(type, to);
  },
});

function extentsOf(a: TensorType, b: TensorType, attributes: Attributes): [number, number, number, number] {
  const [rows, depth] = booleanAttribute(attributes, 'transA') ? a.shape.toReversed() : a.shape;
  const [depthOfB, columns] = booleanAttribute(attributes, 'transB') ? b.shape.toReversed() : b.shape;
  return [rows as number, depth as number, depthOfB as number, columns as number];
}
