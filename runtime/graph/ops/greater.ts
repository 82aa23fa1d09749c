// a > b.

import { binary } from '../elementwise.js';

export const greater = binary('greater', () => (a, b) => a > b, { integer: () => (a, b) => a > b, result: 'bool' });
