// Logical and of bools.

import { binary } from '../elementwise.js';

export const and = binary('and', () => (a, b) => a !== 0 && b !== 0, { result: 'bool', logical: 'only' });
