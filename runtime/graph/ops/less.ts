// a < b.

import { binary } from '../elementwise.js';

export const less = binary('less', () => (a, b) => a < b, { integer: () => (a, b) => a < b, result: 'bool' });
