// The k greatest or least elements along the middle of three axes, in order, and their indices. Of equals the first comes first; NaN
// comes last.

import { stridesOf, tensorOf } from '../../core/tensor.js';
import { booleanAttribute, integerAttribute } from '../attributes.js';
import type { Attributes, OpDefinition, Tensor, TensorType } from '../graph.js';
import { numbersOf } from '../numbers.js';
import { checkCount, checkedType, checkRank, refuse, required } from '../rules.js';

const kind = 'top-k';

export const topK: OpDefinition = {
  kind,
  infer(inputs, attributes) {
    checkCount(kind, inputs, 1);
    const x = required<TensorType>(kind, inputs, 0);
    checkRank(kind, 'its input', x, 3);
    const k = integerAttribute(attributes, 'k', 1);
    const [outer = 0, extent = 0, inner = 0] = x.shape;
    booleanAttribute(attributes, 'largest');
    if (k > extent) refuse(kind, `${k} of ${extent} elements are wanted`);
    const shape = [outer, k, inner];
    return [checkedType(kind, x.dtype, shape), checkedType(kind, 'i64', shape)];
  },
  evaluate(inputs, attributes) {
    const x = required<Tensor>(kind, inputs, 0);
    return pick(x, attributes);
  },
};

function pick(x: Tensor, attributes: Attributes): Tensor[] {
  const k = integerAttribute(attributes, 'k', 1);
  const sign = booleanAttribute(attributes, 'largest') ? -1 : 1;
  const [outer = 0, extent = 0, inner = 0] = x.shape;
  const [block = 0] = stridesOf(x.shape);
  const numbers = numbersOf(x);
  const values = tensorOf(x.dtype, [outer, k, inner], []);
  const indices = tensorOf('i64', [outer, k, inner], []);
  for (let row = 0; row < outer * inner; row++) {
    const start = Math.floor(row / inner) * block + (row % inner);
    const at = (i: number) => numbers[start + i * inner] as number;
    const order = Array.from({ length: extent }, (_, i) => i);
    order.sort((a, b) => Number(Number.isNaN(at(a))) - Number(Number.isNaN(at(b))) || sign * (at(a) - at(b)) || a - b);
    for (let i = 0; i < k; i++) {
      const to = (Math.floor(row / inner) * k + i) * inner + (row % inner);
      const from = order[i] as number;
      values.data[to] = x.data[start + from * inner] as never;
      indices.data[to] = BigInt(from) as never;
    }
  }
  return [values, indices];
}
