// alpha x + beta, kept within 0..1.

import { numberAttribute } from '../attributes.js';
import { unary } from '../elementwise.js';

export const hardSigmoid = unary('hard-sigmoid', (attributes) => {
  const alpha = numberAttribute(attributes, 'alpha');
  const beta = numberAttribute(attributes, 'beta');
  return (x) => Math.max(0, Math.min(1, alpha * x + beta));
});
