// Logical or of bools.

import { binary } from '../elementwise.js';

export const or = binary('or', () => (a, b) => a !== 0 || b !== 0, { result: 'bool', logical: 'only' });
