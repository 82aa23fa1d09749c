// x above alpha, else 0.

import { numberAttribute } from '../attributes.js';
import { unary } from '../elementwise.js';

export const thresholdedRelu = unary('thresholded-relu', (attributes) => {
  const alpha = numberAttribute(attributes, 'alpha');
  return (x) => (x > alpha ? x : 0);
});
