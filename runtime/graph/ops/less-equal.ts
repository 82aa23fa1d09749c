// a <= b.

import { binary } from '../elementwise.js';

export const lessEqual = binary('less-equal', () => (a, b) => a <= b, { integer: () => (a, b) => a <= b, result: 'bool' });
