// Logical not of bools.

import { define } from '../define.js';
import { numbersOf, tensorFrom } from '../numbers.js';
import { checkedType, refuse } from '../rules.js';

export const not = define<[x: 1]>('not', [1, 1], {
  infer([x]) {
    if (x.dtype !== 'bool') refuse('not', `wants bool, got ${x.dtype}`);
    return checkedType('not', 'bool', x.shape);
  },
  evaluate([x], _attributes, type) {
    return tensorFrom(
      type,
      numbersOf(x).map((value) => 1 - value),
    );
  },
});
