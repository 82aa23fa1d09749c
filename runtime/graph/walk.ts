// The strided walk: most operators that move data say only from where each element comes.

import { allocate, elementCount, type Shape, stridesOf, type Tensor } from '../core/tensor.js';

/** Offsets, in row-major order of `shape`, of the elements of a view that starts at `start` and has these strides. */
export function walk(shape: Shape, strides: readonly number[], start = 0): Int32Array {
  const offsets = new Int32Array(elementCount(shape));
  if (offsets.length === 0) return offsets;
  offsets[0] = start;
  // From the innermost axis outwards: each axis repeats the block that is already there.
  let filled = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis] as number;
    const stride = strides[axis] as number;
    for (let step = 1; step < extent; step++) {
      for (let i = 0; i < filled; i++) offsets[step * filled + i] = (offsets[i] as number) + step * stride;
    }
    filled *= extent;
  }
  return offsets;
}

/** Strides that read a tensor of shape `from` as if it had the shape `to`, to which it broadcasts. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from);
  const missing = to.length - from.length;
  return to.map((_, axis) => (axis < missing || from[axis - missing] === 1 ? 0 : (strides[axis - missing] as number)));
}

/** The elements at `offsets`, bit for bit, as a tensor of `shape`. */
export function take(tensor: Tensor, offsets: Int32Array, shape: Shape): Tensor {
  const from = tensor.data as Float64Array;
  const data = allocate(tensor.dtype, offsets.length);
  const to = data as Float64Array;
  for (let i = 0; i < offsets.length; i++) to[i] = from[offsets[i] as number] as number;
  return { dtype: tensor.dtype, shape, data };
}

/** Writes the elements of `tensor` to `offsets` of `target`, bit for bit; both have the same dtype. */
export function put(target: Tensor, offsets: Int32Array, tensor: Tensor): void {
  const from = tensor.data as Float64Array;
  const to = target.data as Float64Array;
  for (let i = 0; i < offsets.length; i++) to[offsets[i] as number] = from[i] as number;
}

/** The axes of `shape` from `axis` on, and those before it, as counts: [outer, extent of axis, inner]. */
export function splitAt(shape: Shape, axis: number): [outer: number, extent: number, inner: number] {
  return [elementCount(shape.slice(0, axis)), shape[axis] ?? 1, elementCount(shape.slice(axis + 1))];
}
