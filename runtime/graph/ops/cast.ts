// Converts to another dtype. Floats become integers by cutting towards zero and stop at the limits (NaN is 0), which ONNX leaves
// open; integers wrap; everything but zero is true.

import { type Dtype, isFloat, type Tensor, type TensorType } from '../../core/tensor.js';
import { choiceAttribute } from '../attributes.js';
import { define } from '../define.js';
import { bigintsOf, dtypes, isBig, numbersOf, tensorFrom } from '../numbers.js';
import { checkedType } from '../rules.js';

const limits: Readonly<Record<Dtype, readonly [min: number, max: number] | undefined>> = {
  f16: undefined,
  f32: undefined,
  f64: undefined,
  bool: undefined,
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32768, 32767],
  u16: [0, 65535],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
  // The largest f64 below 2^63 and 2^64.
  i64: [-(2 ** 63), 2 ** 63 - 1024],
  u64: [0, 2 ** 64 - 2048],
};

export const cast = define<[x: 1]>('cast', [1, 1], {
  infer([x], attributes) {
    return checkedType('cast', choiceAttribute(attributes, 'to', dtypes), x.shape);
  },
  evaluate([x], _attributes, type) {
    if (x.dtype === type.dtype) return x;
    if (isBig(x.dtype) && !isFloat(type.dtype) && type.dtype !== 'bool') return wrapBig(x, type);
    const limit = limits[type.dtype];
    if (limit === undefined || !isFloat(x.dtype)) return tensorFrom(type, numbersOf(x));
    const [min, max] = limit;
    return tensorFrom(
      type,
      Float64Array.from(numbersOf(x), (value) => Math.min(Math.max(value, min), max)),
    );
  },
});

/** 64-bit integers to another integer dtype, without the loss that numbers would bring. */
function wrapBig(x: Tensor, type: TensorType): Tensor {
  const bigints = bigintsOf(x);
  if (isBig(type.dtype)) {
    return { ...type, data: type.dtype === 'i64' ? BigInt64Array.from(bigints) : BigUint64Array.from(bigints) };
  }
  return tensorFrom(
    type,
    Float64Array.from(bigints as BigInt64Array, (value) => Number(BigInt.asIntN(32, value))),
  );
}
