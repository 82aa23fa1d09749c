// Product. 64-bit integers wrap.

import { binary } from '../elementwise.js';

export const mul = binary('mul', () => (a, b) => a * b, { integer: () => (a, b) => a * b });
