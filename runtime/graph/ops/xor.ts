// Logical xor of bools.

import { binary } from '../elementwise.js';

export const xor = binary('xor', () => (a, b) => a !== b, { result: 'bool', logical: 'only' });
