// x, below zero alpha (e^x - 1).

import { numberAttribute } from '../attributes.js';
import { unary } from '../elementwise.js';

export const elu = unary('elu', (attributes) => {
  const alpha = numberAttribute(attributes, 'alpha');
  return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
});
