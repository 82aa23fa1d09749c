// Whether x is not a number, as bool.

import { isFloat, type TensorType } from '../../core/tensor.js';
import type { OpDefinition } from '../graph.js';
import { numbersOf, tensorFrom } from '../numbers.js';
import { checkCount, checkedType, refuse, required } from '../rules.js';

export const isNan: OpDefinition = {
  kind: 'is-nan',
  infer(inputs) {
    checkCount('is-nan', inputs, 1);
    const { dtype, shape } = required('is-nan', inputs, 0);
    if (!isFloat(dtype)) refuse('is-nan', `wants floats, got ${dtype}`);
    return [checkedType('is-nan', 'bool', shape)];
  },
  evaluate(inputs, _attributes, [type]) {
    const x = numbersOf(required('is-nan', inputs, 0));
    return [
      tensorFrom(
        type as TensorType,
        Float64Array.from(x, (value) => Number(Number.isNaN(value))),
      ),
    ];
  },
};
