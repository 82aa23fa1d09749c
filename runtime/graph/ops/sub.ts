// Difference. Integers wrap.

import { binary } from '../elementwise.js';

export const sub = binary('sub', () => (a, b) => a - b, { integer: () => (a, b) => a - b });
