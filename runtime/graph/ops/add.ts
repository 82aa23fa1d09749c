// Sum. Integers wrap.

import { binary } from '../elementwise.js';

export const add = binary('add', () => (a, b) => a + b, { integer: () => (a, b) => a + b });
