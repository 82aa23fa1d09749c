// Indices that come as data: they may be negative, and hostile.

import { elementCount, printType, type Shape, sameShape, stridesOf, type Tensor, type TensorType } from '../core/tensor.js';
import { isBig, type Numbers, numbersOf, tensorFrom } from './numbers.js';
import { refuse } from './rules.js';
import { walk } from './walk.js';

/** @throws OnboxError `op-invalid` if `type` is no i32 or i64 */
export function checkIndices(kind: string, type: TensorType): void {
  if (type.dtype !== 'i64' && type.dtype !== 'i32') refuse(kind, `indices want i64 or i32, got ${type.dtype}`);
}

/**
 * `index` counted from the front.
 * @throws OnboxError `op-invalid` if it is outside -extent..extent-1
 */
export function wrapIndex(kind: string, index: number, extent: number): number {
  const wrapped = index < 0 ? index + extent : index;
  if (!(wrapped >= 0 && wrapped < extent)) refuse(kind, `index ${index} is outside an axis of ${extent}`);
  return wrapped;
}

/** Offsets in data of `shape` of the elements that `indices` name along `axis`, in the order of the indices. */
export function elementOffsets(kind: string, shape: Shape, indices: Tensor, axis: number): Int32Array {
  const strides = stridesOf(shape);
  const stride = strides[axis] as number;
  const others = strides.map((value, i) => (i === axis ? 0 : value));
  const values = numbersOf(indices);
  return walk(indices.shape, others).map(
    (offset, i) => offset + wrapIndex(kind, values[i] as number, shape[axis] as number) * stride,
  );
}

/**
 * Checks tuples of indices along the last axis of `indices`, after `batch` axes that both have in common.
 * @returns the first axis of data that the tuples leave whole
 * @throws OnboxError `op-invalid` if they do not fit together
 */
export function checkTuples(kind: string, data: TensorType, indices: TensorType, batch: number): number {
  checkIndices(kind, indices);
  const depth = indices.shape.at(-1) ?? refuse(kind, 'indices have no axis');
  if (batch >= Math.min(data.shape.length, indices.shape.length) || batch + depth > data.shape.length) {
    refuse(kind, `indices ${printType(indices)} reach deeper than ${printType(data)} with ${batch} batch axes`);
  }
  if (!sameShape(data.shape.slice(0, batch), indices.shape.slice(0, batch))) {
    refuse(kind, `${printType(data)} and ${printType(indices)} differ in their ${batch} batch axes`);
  }
  return batch + depth;
}

/** Offsets in data of `shape` of the elements of all slices that the tuples name, in the order of the tuples. */
export function tupleOffsets(kind: string, shape: Shape, indices: Tensor, batch: number): Int32Array {
  const depth = indices.shape.at(-1) as number;
  const strides = stridesOf(shape);
  const values = numbersOf(indices);
  const tuples = indices.shape.slice(0, -1);
  const starts = walk(
    tuples,
    tuples.map((_, axis) => (axis < batch ? (strides[axis] as number) : 0)),
  ).map((start, tuple) => {
    let offset = start;
    for (let i = 0; i < depth; i++) {
      const index = wrapIndex(kind, values[tuple * depth + i] as number, shape[batch + i] as number);
      offset += index * (strides[batch + i] as number);
    }
    return offset;
  });
  const inner = elementCount(shape.slice(batch + depth));
  const offsets = new Int32Array(starts.length * inner);
  for (let i = 0; i < offsets.length; i++) offsets[i] = (starts[Math.floor(i / inner)] as number) + (i % inner);
  return offsets;
}

export const reductions = ['none', 'add', 'mul', 'max', 'min'] as const;
export type Reduction = (typeof reductions)[number];

/** `data` with `updates` stored at `offsets`, one after the other. */
export function scatter(data: Tensor, offsets: Int32Array, updates: Tensor, reduction: Reduction): Tensor {
  const { dtype, shape } = data;
  // Copies move bits and bigints add up as they are; the rest is computed on numbers.
  if (reduction === 'none' || isBig(dtype)) {
    const to = data.data.slice() as Float64Array;
    store(to, offsets, updates.data as Float64Array, reduction);
    return { dtype, shape, data: to };
  }
  const to = Float64Array.from(numbersOf(data));
  store(to, offsets, numbersOf(updates), reduction);
  return tensorFrom(data, to);
}

function store(to: Numbers, offsets: Int32Array, from: Numbers, reduction: Reduction): void {
  offsets.forEach((offset, i) => {
    to[offset] = combine(reduction, to[offset] as number, from[i] as number);
  });
}

function combine(reduction: Reduction, old: number, update: number): number {
  switch (reduction) {
    case 'none':
      return update;
    case 'add':
      return old + update;
    case 'mul':
      return old * update;
    case 'max':
      // The elements may be bigints, which Math does not know.
      return update > old ? update : old;
    case 'min':
      // The elements may be bigints, which Math does not know.
      return update < old ? update : old;
  }
}
