// The same tensor again. Passes add it where a value must be stored twice; no model has it.

import { define } from '../define.js';

export const copy = define<[x: 1]>('copy', [1, 1], {
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  evaluate: ([x]) => x,
});
