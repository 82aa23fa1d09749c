// Remainder: with fmod the sign of the dividend, else that of the divisor.

import { booleanAttribute } from '../../graph/attributes.js';
import { call } from '../../loop/expression.js';
import { binary } from '../pointwise.js';

export const mod = binary('mod', (a, b, { attributes }) => call(booleanAttribute(attributes, 'fmod') ? 'fmod' : 'mod', a, b));
