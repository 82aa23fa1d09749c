// Elements as numbers and back. References compute in f64 and round once, when they store.

import { halfToNumber, numberToHalf } from '../core/float16.js';
import { allocate, type Dtype, elementCount, type Tensor, type TensorData, type TensorType } from '../core/tensor.js';

export const dtypes: readonly Dtype[] = ['f32', 'f64', 'f16', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64', 'bool'];

export type Numbers = Float32Array | Float64Array;

/** Whether elements of `dtype` are bigints in JavaScript. */
export function isBig(dtype: Dtype): dtype is 'i64' | 'u64' {
  return dtype === 'i64' || dtype === 'u64';
}

/** The elements as numbers, to be read only: f32 and f64 are not copied. 64-bit integers beyond 2^53 lose their last bits. */
export function numbersOf(tensor: Tensor): Numbers {
  const { dtype, data } = tensor;
  if (dtype === 'f32') return data as Float32Array;
  if (dtype === 'f64') return data as Float64Array;
  const numbers = new Float64Array(data.length);
  if (dtype === 'f16') {
    for (let i = 0; i < numbers.length; i++) numbers[i] = halfToNumber(Number(data[i]));
  } else {
    for (let i = 0; i < numbers.length; i++) numbers[i] = Number(data[i]);
  }
  return numbers;
}

/** A tensor of `values`: floats are rounded to the dtype, integers cut towards zero, bool is `value != 0`. */
export function tensorFrom(type: TensorType, values: Numbers): Tensor {
  return { dtype: type.dtype, shape: type.shape, data: store(type.dtype, values) };
}

function store(dtype: Dtype, values: Numbers): TensorData {
  const data = allocate(dtype, values.length);
  switch (dtype) {
    case 'f16':
      for (let i = 0; i < values.length; i++) data[i] = numberToHalf(values[i] as number);
      return data;
    case 'bool':
      for (let i = 0; i < values.length; i++) data[i] = values[i] !== 0 ? 1 : 0;
      return data;
    case 'i64':
    case 'u64':
      for (let i = 0; i < values.length; i++) (data as BigInt64Array)[i] = toBigint(values[i] as number);
      return data;
    default:
      (data as Float64Array).set(values);
      return data;
  }
}

/** A number as a bigint, cut towards zero; NaN and infinities as C on most machines would not crash: 0 and the limits. */
export function toBigint(value: number): bigint {
  if (Number.isNaN(value)) return 0n;
  return BigInt(Math.trunc(Math.min(Math.max(value, -(2 ** 63)), 2 ** 64)));
}

/** Integer elements as bigints. */
export function bigintsOf(tensor: Tensor): BigInt64Array | BigUint64Array {
  if (isBig(tensor.dtype)) return tensor.data as BigInt64Array;
  const bigints = new BigInt64Array(tensor.data.length);
  for (let i = 0; i < bigints.length; i++) bigints[i] = BigInt(tensor.data[i] as number);
  return bigints;
}

/** Room for the numbers of a result of `type`. */
export function roomFor(type: TensorType): Float64Array {
  return new Float64Array(elementCount(type.shape));
}
