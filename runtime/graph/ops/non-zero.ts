// Where elements are not zero: their indices in order, a column for each, and how many there are. Columns past those are zeros.

import { elementCount, stridesOf, type Tensor, tensorOf } from '../../core/tensor.js';
import type { OpDefinition, TensorType } from '../graph.js';
import { numbersOf } from '../numbers.js';
import { checkCount, checkedType, refuse, required } from '../rules.js';

const kind = 'non-zero';

/** Outputs: i64 [rank,elements] and i64 [1]. */
export const nonZero: OpDefinition = {
  kind,
  infer(inputs) {
    checkCount(kind, inputs, 1);
    const { shape } = required<TensorType>(kind, inputs, 0);
    if (shape.length === 0) refuse(kind, 'wants at least one axis');
    return [checkedType(kind, 'i64', [shape.length, elementCount(shape)]), checkedType(kind, 'i64', [1])];
  },
  evaluate(inputs) {
    const x = required<Tensor>(kind, inputs, 0);
    const room = elementCount(x.shape);
    const strides = stridesOf(x.shape);
    const found = [...numbersOf(x).entries()].filter(([, value]) => value !== 0).map(([at]) => at);
    const places = strides.flatMap((stride, axis) => {
      const indices = found.map((at) => Math.floor(at / stride) % (x.shape[axis] ?? 1));
      return [...indices, ...new Array<number>(room - found.length).fill(0)];
    });
    return [tensorOf('i64', [x.shape.length, room], places), tensorOf('i64', [1], [found.length])];
  },
};
