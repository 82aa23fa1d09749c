// Numbers between JSON and tensors, both ways in slices: a picture's tensor as JSON is tens of megabytes of text.

import { type Dtype, OnboxError, type TensorType, viewBytes } from '../../runtime/index.js';
import type { TensorBytes } from '../engine/messages.js';
import { printFact } from '../log.js';
import { createElements, datatypeOf } from './datatypes.js';
import { createPause } from './pause.js';

/** Bytes of text that are parsed at once. */
const textSliceBytes = 32 * 1024;
/** Elements that are printed at once. */
const printSlice = 2 * 1024;

/**
 * Reads the lifted text of an input's data, nested or flat; as in Triton, only the number of elements counts.
 * @returns elements of `type`, row-major
 * @throws OnboxError `data-invalid`
 */
export async function readNumbers(
  text: Uint8Array,
  name: string,
  type: TensorType & { readonly count: number },
): Promise<Uint8Array> {
  const elements = createElements(type.dtype, type.count);
  const pause = createPause();
  let written = 0;
  for (let start = 0; start < text.byteLength; ) {
    const comma = text.indexOf(0x2c, start + textSliceBytes);
    const end = comma < 0 ? text.byteLength : comma;
    for (const value of parseSlice(text.subarray(start, end), name)) {
      if (written >= type.count) throw wrongCount(name, type.count, `more than ${written}`);
      if (!elements.write(written, value)) throw wrongValue(name, type.dtype, written, value);
      written++;
    }
    start = end + 1;
    await pause();
  }
  if (written < type.count) throw wrongCount(name, type.count, String(written));
  return elements.bytes;
}

/** Brackets nest rightly (json-lift.ts), so that they can be blanked and the native parser reads a plain list. */
function parseSlice(text: Uint8Array, name: string): readonly unknown[] {
  const flat = Buffer.from(text);
  for (let index = 0; index < flat.byteLength; index++) {
    if (flat[index] === 0x5b || flat[index] === 0x5d) flat[index] = 0x20;
  }
  try {
    return JSON.parse(`[${flat.toString('latin1')}]`) as unknown[];
  } catch (cause) {
    throw new OnboxError(`Unable to parse 'data' of input ${quote(name)}: it is not a list of numbers`, {
      code: 'data-invalid',
      cause,
    });
  }
}

function wrongCount(name: string, want: number, got: string): OnboxError {
  return new OnboxError(
    `Unable to parse 'data': Shape does not match true shape of 'data' field of input ${quote(name)}: ${want} elements wanted, got ${got}`,
    { code: 'data-invalid' },
  );
}

function wrongValue(name: string, dtype: Dtype, index: number, value: unknown): OnboxError {
  const shown = typeof value === 'number' ? String(value) : printFact(value).slice(0, 80);
  const hint = dtype === 'i64' || dtype === 'u64' ? '; beyond 2^53 whole numbers must come as binary data' : '';
  return new OnboxError(
    `Unable to parse 'data' of input ${quote(name)}: element ${index} is no ${datatypeOf(dtype)}: ${shown}${hint}`,
    { code: 'data-invalid' },
  );
}

/**
 * The elements of an output as a flat JSON list.
 * @throws OnboxError `output-not-json` for what JSON cannot carry: FP16, NaN and infinite values
 */
export async function printNumbers({ name, dtype, bytes }: TensorBytes): Promise<Buffer> {
  if (dtype === 'f16') throw notJson(name, 'is FP16');
  const values = viewBytes(dtype, bytes);
  const pause = createPause();
  const pieces: Buffer[] = [Buffer.from('[')];
  for (let start = 0; start < values.length; start += printSlice) {
    const slice: (number | bigint | boolean)[] = [...values.subarray(start, start + printSlice)];
    if (slice.some((value) => typeof value === 'number' && !Number.isFinite(value)))
      throw notJson(name, 'holds NaN or infinity');
    const printed = dtype === 'bool' ? slice.map((value) => value !== 0) : slice;
    pieces.push(Buffer.from(`${start === 0 ? '' : ','}${printed.join(',')}`));
    await pause();
  }
  pieces.push(Buffer.from(']'));
  return Buffer.concat(pieces);
}

function notJson(name: string, what: string): OnboxError {
  return new OnboxError(`output ${quote(name)} ${what}, which JSON cannot carry: ask for binary data`, {
    code: 'output-not-json',
  });
}

/** As Triton quotes names. */
function quote(name: string): string {
  return `'${name}'`;
}
