// Converts to another dtype: the scalar operation knows how.

import { cast as convert } from '../../loop/expression.js';
import { unary } from '../pointwise.js';

export const cast = unary('cast', (x, { output }) => convert(x, output.dtype));
