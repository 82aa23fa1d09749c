// gamma times elu(x).

import { numberAttribute } from '../attributes.js';
import { unary } from '../elementwise.js';

export const selu = unary('selu', (attributes) => {
  const alpha = numberAttribute(attributes, 'alpha');
  const gamma = numberAttribute(attributes, 'gamma');
  return (x) => gamma * (x < 0 ? alpha * Math.expm1(x) : x);
});
