// KServe's names of element types, and how a number of a request becomes an element.

import { type Dtype, OnboxError } from '../../runtime/index.js';
import { printFact } from '../log.js';

interface Datatype {
  readonly name: string;
  /** Of one element. */
  readonly bytes: number;
  /** Smallest and largest whole number; undefined for floats. 64-bit ones end where JSON.parse begins to round. */
  readonly range?: readonly [min: number, max: number];
}

const safe = Number.MAX_SAFE_INTEGER;

const datatypes: Readonly<Record<Dtype, Datatype>> = {
  f32: { name: 'FP32', bytes: 4 },
  f64: { name: 'FP64', bytes: 8 },
  f16: { name: 'FP16', bytes: 2 },
  bool: { name: 'BOOL', bytes: 1, range: [0, 1] },
  i8: { name: 'INT8', bytes: 1, range: [-(2 ** 7), 2 ** 7 - 1] },
  u8: { name: 'UINT8', bytes: 1, range: [0, 2 ** 8 - 1] },
  i16: { name: 'INT16', bytes: 2, range: [-(2 ** 15), 2 ** 15 - 1] },
  u16: { name: 'UINT16', bytes: 2, range: [0, 2 ** 16 - 1] },
  i32: { name: 'INT32', bytes: 4, range: [-(2 ** 31), 2 ** 31 - 1] },
  u32: { name: 'UINT32', bytes: 4, range: [0, 2 ** 32 - 1] },
  i64: { name: 'INT64', bytes: 8, range: [-safe, safe] },
  u64: { name: 'UINT64', bytes: 8, range: [0, safe] },
};

/** Names of a request that onbox's tensors do not have, besides those above. */
const otherNames: ReadonlySet<string> = new Set(['BYTES', 'BF16']);

/** As in `FP32`. @param dtype of a record, which the compiler wrote */
export function datatypeOf(dtype: string): string {
  return describe(dtype).name;
}

/** The name in a model configuration, as `TYPE_FP32`. */
export function configTypeOf(dtype: string): string {
  return `TYPE_${describe(dtype).name}`;
}

/** Bytes of one element. */
export function elementBytes(dtype: string): number {
  return describe(dtype).bytes;
}

export function isDatatype(name: string): boolean {
  return otherNames.has(name) || Object.values(datatypes).some((datatype) => datatype.name === name);
}

function describe(dtype: string): Datatype {
  if (!Object.hasOwn(datatypes, dtype)) {
    throw new OnboxError(`the model has a tensor of the unknown type ${printFact(dtype)}`, { code: 'record-damaged' });
  }
  return datatypes[dtype as Dtype];
}

/**
 * Elements of a tensor that are filled one by one with what JSON holds.
 * @returns `write`, which returns false for what is no element of the dtype and writes nothing then
 * @throws OnboxError `data-invalid` for FP16, which JSON does not carry
 */
export function createElements(
  dtype: Dtype,
  count: number,
): { readonly bytes: Uint8Array; write(index: number, value: unknown): boolean } {
  const { bytes: size, range, name } = describe(dtype);
  if (dtype === 'f16') throw new OnboxError(`${name} data must come as binary data`, { code: 'data-invalid' });
  const buffer = new ArrayBuffer(count * size);
  const view = new DataView(buffer);
  const put = setterOf(dtype, view);
  const write = (index: number, given: unknown): boolean => {
    const value = dtype === 'bool' && typeof given === 'boolean' ? Number(given) : given;
    if (typeof value !== 'number') return false;
    const fits =
      range === undefined
        ? Number.isFinite(dtype === 'f32' ? Math.fround(value) : value)
        : Number.isInteger(value) && value >= range[0] && value <= range[1];
    if (fits) put(index * size, value);
    return fits;
  };
  return { bytes: new Uint8Array(buffer), write };
}

function setterOf(dtype: Exclude<Dtype, 'f16'>, view: DataView): (offset: number, value: number) => void {
  switch (dtype) {
    case 'f32':
      return (offset, value) => view.setFloat32(offset, value, true);
    case 'f64':
      return (offset, value) => view.setFloat64(offset, value, true);
    case 'i8':
      return (offset, value) => view.setInt8(offset, value);
    case 'u8':
    case 'bool':
      return (offset, value) => view.setUint8(offset, value);
    case 'i16':
      return (offset, value) => view.setInt16(offset, value, true);
    case 'u16':
      return (offset, value) => view.setUint16(offset, value, true);
    case 'i32':
      return (offset, value) => view.setInt32(offset, value, true);
    case 'u32':
      return (offset, value) => view.setUint32(offset, value, true);
    case 'i64':
      return (offset, value) => view.setBigInt64(offset, BigInt(value), true);
    case 'u64':
      return (offset, value) => view.setBigUint64(offset, BigInt(value), true);
  }
}
