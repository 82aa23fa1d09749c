// The greater one; NaN if either is.

import { binary } from '../elementwise.js';

// biome-ignore lint/complexity/useMathMinMax: Math knows no bigints
export const max = binary('max', () => Math.max, { integer: () => (a, b) => (a > b ? a : b) });
