// Logical not of bools.

import type { TensorType } from '../../core/tensor.js';
import type { OpDefinition } from '../graph.js';
import { numbersOf, tensorFrom } from '../numbers.js';
import { checkCount, checkedType, refuse, required } from '../rules.js';

export const not: OpDefinition = {
  kind: 'not',
  infer(inputs) {
    checkCount('not', inputs, 1);
    const { dtype, shape } = required('not', inputs, 0);
    if (dtype !== 'bool') refuse('not', `wants bool, got ${dtype}`);
    return [checkedType('not', 'bool', shape)];
  },
  evaluate(inputs, _attributes, [type]) {
    const x = Float64Array.from(numbersOf(required('not', inputs, 0)));
    return [
      tensorFrom(
        type as TensorType,
        x.map((value) => 1 - value),
      ),
    ];
  },
};
