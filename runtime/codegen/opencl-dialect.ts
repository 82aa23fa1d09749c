// OpenCL C 1.2, with vectors of 4 floats. No name of a vendor stands here: what is chosen is what every driver compiles well (mad by
// a * b + c, native functions, offsets of 32 bits).

import type { Dtype } from '../core/tensor.js';
import type { Address, Dialect } from './dialect.js';

const types: Readonly<Record<Dtype, string>> = {
  f32: 'float',
  // Programs with it are never written in OpenCL C.
  f64: 'double',
  f16: 'half',
  i8: 'char',
  u8: 'uchar',
  i16: 'short',
  u16: 'ushort',
  i32: 'int',
  u32: 'uint',
  i64: 'long',
  u64: 'ulong',
  bool: 'uchar',
};

const lanes = 4;
const laneNames = ['s0', 's1', 's2', 's3'];

const element = ({ pointer, offset }: Address): string => `${pointer}[${offset}]`;
const at = ({ pointer, offset }: Address): string => (offset === '0' ? pointer : `${pointer} + ${offset}`);
const parts = ({ pointer, offset }: Address): string => `${pointer}, ${offset}`;
const space = ({ isGlobal }: Pick<Address, 'isGlobal'>): string => (isGlobal ? '__global ' : '');

/** The address space of a pointer, which macros take. */
export const spaceOf = ({ isGlobal }: Address): string => (isGlobal ? '__global' : '__private');

export const openclDialect: Dialect = {
  lanes,
  vectorDtype: 'f32',
  vectorType: 'vf',
  suffix: 'v',
  byLane: Number.POSITIVE_INFINITY,
  readsOnceAlone: true,
  types,
  unsigned: { 32: 'uint', 64: 'ulong' },
  arraySuffix: '',
  infinity: 'INFINITY',
  nan: 'NAN',
  whole64: (value, dtype) => {
    if (dtype === 'u64') return `${value}ul`;
    return value === -(2n ** 63n) ? 'LONG_MIN' : value < 0n ? `(${value}l)` : `${value}l`;
  },
  least32: 'INT_MIN',
  libm: (name) => name,
  helper: (name, dtype, args) => `ob_${name}_${dtype}(${args.join(', ')})`,
  // Signed division by a literal takes twice the instructions of unsigned.
  divide: (of, operator, by) => `(int)((uint)(${of}) ${operator} ${by}u)`,
  offsetType: 'uint',
  addressOffset: (index) => `(uint)(${index})`,
  pointer: (dtype, how) => `${space(how)}${how.isWritable ? '' : 'const '}${types[dtype]} *const`,
  loadElement: (address) => (address.dtype === 'f16' ? `ob_half_at(${parts(address)})` : element(address)),
  spreadElement: (address) => (address.dtype === 'f16' ? `ob_spread_half_v(${parts(address)})` : undefined),
  storeElement: (address, value) =>
    address.dtype === 'f16' ? `ob_store_half(${at(address)}, ${value});` : `${element(address)} = ${value};`,
  loadVector: (address) => {
    if (address.dtype === 'f16')
      return address.isAligned ? `ob_loada_half(${spaceOf(address)}, ${at(address)})` : `vload_half4(0, ${at(address)})`;
    return address.isAligned ? `*(${space(address)}const vf *)(${at(address)})` : `vload4(0, ${at(address)})`;
  },
  storeVector: (address, value) => {
    if (address.dtype === 'f16')
      return address.isAligned
        ? `ob_storea_half(${spaceOf(address)}, ${at(address)}, ${value});`
        : `vstore_half4(${value}, 0, ${at(address)});`;
    return address.isAligned ? `*(${space(address)}vf *)(${at(address)}) = ${value};` : `vstore4(${value}, 0, ${at(address)});`;
  },
  loadPart: (address, count) => {
    const zeros = Array.from({ length: lanes - count }, () => '0.0f');
    const load = address.dtype === 'f16' ? 'vload_half' : 'vload';
    const part = count === 1 ? openclDialect.loadElement(address) : `${load}${count}(0, ${at(address)})`;
    return `(vf)(${[part, ...zeros].join(', ')})`;
  },
  storePart: (address, value, count) => {
    const part = `(${value}).${'xyz'.slice(0, count)}`;
    if (count === 1) return openclDialect.storeElement(address, part);
    return `${address.dtype === 'f16' ? 'vstore_half' : 'vstore'}${count}(${part}, 0, ${at(address)});`;
  },
  gather: (values) => `(vf)(${[...values, ...Array.from({ length: lanes - values.length }, () => '0.0f')].join(', ')})`,
  lane: (vector, lane) => `${vector}.${laneNames[lane] ?? 's0'}`,
  itemId: (dimension) => `(int)get_global_id(${dimension})`,
};
