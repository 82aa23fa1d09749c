// The smaller one; NaN if either is.

import { binary } from '../elementwise.js';

// biome-ignore lint/complexity/useMathMinMax: Math knows no bigints
export const min = binary('min', () => Math.min, { integer: () => (a, b) => (a < b ? a : b) });
