// C with GCC's vector extension.

import type { Dtype } from '../core/tensor.js';
import type { Address, Dialect } from './dialect.js';
import { vectorIsa } from './isa.js';
import { levelDtype } from './whole.js';

const types: Readonly<Record<Dtype, string>> = {
  f32: 'float',
  f64: 'double',
  // Its bits.
  f16: 'uint16_t',
  i8: 'int8_t',
  u8: 'uint8_t',
  i16: 'int16_t',
  u16: 'uint16_t',
  i32: 'int32_t',
  u32: 'uint32_t',
  i64: 'int64_t',
  u64: 'uint64_t',
  bool: 'uint8_t',
};

const element = ({ pointer, offset }: Address): string => `${pointer}[${offset}]`;
const at = ({ pointer, offset }: Address): string => `${pointer} + ${offset}`;
const parts = ({ pointer, offset }: Address): string => `${pointer}, ${offset}`;
const isHalf = ({ dtype }: Address): boolean => dtype === 'f16';

export function cDialect(isa: string): Dialect {
  const { lanes, byLane } = vectorIsa(isa);
  return {
    lanes,
    vectorDtype: 'f32',
    vectorType: 'vf',
    suffix: 'v',
    whole: { vectorType: 'vi', bytes: levelDtype(isa) },
    byLane,
    readsOnceAlone: false,
    types,
    unsigned: { 32: 'uint32_t', 64: 'uint64_t' },
    arraySuffix: ' __attribute__((aligned(64)))',
    infinity: '__builtin_inff()',
    nan: '__builtin_nanf("")',
    whole64: (value, dtype) => {
      if (dtype === 'u64') return `UINT64_C(${value})`;
      return value === -(2n ** 63n) ? 'INT64_MIN' : `INT64_C(${value})`;
    },
    least32: 'INT32_MIN',
    libm: (name, dtype) => (dtype === 'f32' ? `${name}f` : name),
    helper: (name, dtype, args) => {
      if (name === 'floormod') return `ob_floormod_${dtype === 'f32' ? 'f' : ''}(${args.join(', ')})`;
      return `OB_${name.toUpperCase()}(${args.join(', ')})`;
    },
    divide: (of, operator, by) => `((${of}) ${operator} ${by})`,
    addressOffset: (index) => `(${index})`,
    pointer: (dtype, { isWritable }) => `${isWritable ? '' : 'const '}${types[dtype]} *const`,
    loadElement: (address) => (isHalf(address) ? `ob_half_at(${parts(address)})` : element(address)),
    spreadElement: (address) => (isHalf(address) ? `ob_spread_half_v(${parts(address)})` : undefined),
    storeElement: (address, value) => `${element(address)} = ${isHalf(address) ? `ob_to_half(${value})` : value};`,
    loadVector: (address) => {
      if (address.dtype === 'f32') return `(vf)*(const vfu *)(${at(address)})`;
      return `ob_load_${isHalf(address) ? 'half' : address.dtype}(${at(address)})`;
    },
    storeVector: (address, value) => {
      if (address.dtype === 'f32') return `*(vfu *)(${at(address)}) = ${value};`;
      return `ob_store_${isHalf(address) ? 'half' : address.dtype}(${at(address)}, ${value});`;
    },
    loadPart: (address, count) => `ob_load_${isHalf(address) ? 'half_' : ''}part(${at(address)}, ${count})`,
    storePart: (address, value, count) => `ob_store_${isHalf(address) ? 'half_' : ''}part(${at(address)}, ${value}, ${count});`,
    gather: (values) => `(vf){${values.join(', ')}}`,
    lane: (vector, lane) => `${vector}[${lane}]`,
  };
}
