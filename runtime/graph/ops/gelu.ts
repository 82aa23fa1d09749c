// x times the normal distribution's mass below x, exactly or by its tanh approximation.

import { errorFunction } from '../../core/special.js';
import { choiceAttribute } from '../attributes.js';
import { unary } from '../elementwise.js';

export const gelu = unary('gelu', (attributes) => {
  const exact = choiceAttribute(attributes, 'approximate', ['none', 'tanh']) === 'none';
  return exact
    ? (x) => 0.5 * x * (1 + errorFunction(x * Math.SQRT1_2))
    : (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
});
