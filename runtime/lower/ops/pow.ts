// a to the power of b, which may have another dtype; the result has that of a.

import { isFloat } from '../../core/tensor.js';
import { call, cast } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const pow = binary('pow', (a, b) => {
  const dtype = isFloat(b.dtype) && !isFloat(a.dtype) ? 'f64' : a.dtype;
  return cast(call('pow', cast(a, dtype), cast(b, dtype)), a.dtype);
});
