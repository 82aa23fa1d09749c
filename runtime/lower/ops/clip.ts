// x limited to min..max.

import { numberAttribute } from '../../graph/attributes.js';
import { clamp, unary } from '../pointwise.js';

export const clip = unary('clip', (x, { attributes }) =>
  clamp(x, numberAttribute(attributes, 'min'), numberAttribute(attributes, 'max')),
);
