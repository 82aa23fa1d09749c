// Broadcasting by numpy's rules, on indices.

import type { Shape } from '../core/tensor.js';
import { type Affine, constant } from '../loop/affine.js';

/** The index into an operand of `shape` for an index of the result: leading axes fall away, axes of extent 1 stay at 0. */
export function broadcastIndex(index: readonly Affine[], shape: Shape): Affine[] {
  const missing = index.length - shape.length;
  return shape.map((extent, axis) => (extent === 1 ? constant(0) : (index[axis + missing] ?? constant(0))));
}
