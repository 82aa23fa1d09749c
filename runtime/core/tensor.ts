// Tensors: a dtype, a shape and row-major data. f16 is kept as its raw bits in a Uint16Array, bool as bytes 0 and 1.

import { OnboxError } from './error.js';

export type Dtype = 'f32' | 'f64' | 'f16' | 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'bool';

/** Extents, outermost first. A scalar has the shape []. */
export type Shape = readonly number[];

export interface TensorType {
  readonly dtype: Dtype;
  readonly shape: Shape;
}

export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export interface Tensor extends TensorType {
  readonly data: TensorData;
}

const bytesByDtype: Readonly<Record<Dtype, number>> = {
  f32: 4,
  f64: 8,
  f16: 2,
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  i64: 8,
  u64: 8,
  bool: 1,
};

/** Bytes of one element. */
export function dtypeBytes(dtype: Dtype): number {
  return bytesByDtype[dtype];
}

export function isFloat(dtype: Dtype): boolean {
  return dtype === 'f32' || dtype === 'f64' || dtype === 'f16';
}

/** How many elements a shape holds; 1 for a scalar. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Zero-filled data for `count` elements of `dtype`. */
export function allocate(dtype: Dtype, count: number): TensorData {
  switch (dtype) {
    case 'f32':
      return new Float32Array(count);
    case 'f64':
      return new Float64Array(count);
    case 'i8':
      return new Int8Array(count);
    case 'u8':
    case 'bool':
      return new Uint8Array(count);
    case 'i16':
      return new Int16Array(count);
    case 'f16':
    case 'u16':
      return new Uint16Array(count);
    case 'i32':
      return new Int32Array(count);
    case 'u32':
      return new Uint32Array(count);
    case 'i64':
      return new BigInt64Array(count);
    case 'u64':
      return new BigUint64Array(count);
  }
}

/**
 * A view of raw little-endian bytes as elements of `dtype`; copies only if `bytes` is not aligned for it.
 * @throws OnboxError `tensor-bytes` if the length is not a whole number of elements
 */
export function viewBytes(dtype: Dtype, bytes: Uint8Array): TensorData {
  const size = dtypeBytes(dtype);
  if (bytes.byteLength % size !== 0) {
    throw new OnboxError(`${bytes.byteLength} bytes are not a whole number of ${dtype} elements of ${size} bytes`, {
      code: 'tensor-bytes',
    });
  }
  // Not slice(), which a Buffer has made a view.
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  const count = bytes.byteLength / size;
  const empty = allocate(dtype, 0);
  const construct = empty.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => TensorData;
  return new construct(aligned.buffer, aligned.byteOffset, count);
}

/** A tensor of plain numbers; 64-bit integers are converted. */
export function tensorOf(dtype: Dtype, shape: Shape, values: ArrayLike<number>): Tensor {
  const data = allocate(dtype, elementCount(shape));
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < data.length; i++) data[i] = BigInt(values[i] ?? 0);
  } else {
    for (let i = 0; i < data.length; i++) data[i] = values[i] ?? 0;
  }
  return { dtype, shape, data };
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  }
  return strides;
}

/** For example `f32[1,3,224,224]`. */
export function printType(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(',')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}
