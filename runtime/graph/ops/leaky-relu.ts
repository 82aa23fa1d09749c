// x, below zero alpha x.

import { numberAttribute } from '../attributes.js';
import { unary } from '../elementwise.js';

export const leakyRelu = unary('leaky-relu', (attributes) => {
  const alpha = numberAttribute(attributes, 'alpha');
  return (x) => (x < 0 ? alpha * x : x);
});
