// Whether x is not a number, as bool.

import { define } from '../define.js';
import { numbersOf, tensorFrom } from '../numbers.js';
import { checkedType, checkFloats } from '../rules.js';

export const isNan = define<[x: 1]>('is-nan', [1, 1], {
  infer([x]) {
    checkFloats('is-nan', [x]);
    return checkedType('is-nan', 'bool', x.shape);
  },
  evaluate([x], _attributes, type) {
    return tensorFrom(
      type,
      numbersOf(x).map((value) => Number(Number.isNaN(value))),
    );
  },
});
