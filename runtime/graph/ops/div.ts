// Quotient. Integers are cut towards zero; divided by zero they give 0.

import { binary } from '../elementwise.js';

export const div = binary('div', () => (a, b) => a / b, { integer: () => (a, b) => (b === 0n ? 0n : a / b) });
