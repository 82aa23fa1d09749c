// From a request and the bytes behind its JSON to what the engine runs: every input is there once, of the right type and shape,
// and every byte of the body belongs to one.

import type { Dtype, Shape } from '../../runtime/index.js';
import type { TensorFacts } from '../api/types.js';
import type { EngineInput } from '../engine/messages.js';
import { datatypeOf, elementBytes } from './datatypes.js';
import { clip, invalid } from './errors.js';
import { readNumbers } from './json-numbers.js';
import type { RequestInput } from './request.js';

export interface ModelInputs {
  readonly name: string;
  readonly inputs: readonly TensorFacts[];
}

/** What a request carries besides its JSON head. */
export interface Payload {
  /** The lifted arrays of JSON numbers. */
  readonly arrays: readonly Uint8Array[];
  /** What follows the JSON: the binary inputs, in the order in which the request names them. */
  readonly binary: Uint8Array;
}

/** @throws OnboxError `request-invalid`, `data-invalid` */
export async function readInputs(
  model: ModelInputs,
  inputs: readonly RequestInput[],
  payload: Payload,
): Promise<readonly EngineInput[]> {
  requireKnown(model, inputs);
  const pieces = splitBinary(inputs, payload.binary, model.name);
  const read: EngineInput[] = [];
  for (const input of inputs) {
    const wanted = model.inputs.find(({ name }) => name === input.name);
    if (wanted !== undefined) read.push(await readInput(model.name, input, wanted, pieces.get(input), payload.arrays));
  }
  return read;
}

function requireKnown(model: ModelInputs, inputs: readonly RequestInput[]): void {
  const known = new Set(model.inputs.map(({ name }) => name));
  const given = new Set(inputs.map(({ name }) => name));
  for (const name of given) {
    if (!known.has(name)) throw invalid(`unexpected inference input '${clip(name)}' for model '${model.name}'`);
  }
  const missing = [...known].filter((name) => !given.has(name));
  if (missing.length > 0) {
    const list = (names: Iterable<string>): string => `[${[...names].map((name) => `'${clip(name)}'`).join(',')}]`;
    throw invalid(
      `expected ${known.size} inputs but got ${given.size} inputs for model '${model.name}'. Got input(s) ${list(given)}, but missing required input(s) ${list(missing)}. Please provide all required input(s).`,
    );
  }
}

/** Sizes are added up before anything is cut, so that no declared size is believed. */
function splitBinary(
  inputs: readonly RequestInput[],
  binary: Uint8Array,
  model: string,
): ReadonlyMap<RequestInput, Uint8Array> {
  const pieces = new Map<RequestInput, Uint8Array>();
  let start = 0;
  for (const input of inputs) {
    if (input.lifted !== undefined) continue;
    const what = `input '${clip(input.name)}' for model '${model}'`;
    const isAlone = inputs.length === 1 && binary.byteLength > 0;
    if (input.binaryBytes === undefined && !isAlone) throw invalid(`${what} has neither 'data' nor 'binary_data_size'`);
    const left = binary.byteLength - start;
    const size = input.binaryBytes ?? left;
    if (size > left) throw invalid(`${what} has the 'binary_data_size' ${size}, but ${left} bytes are left of the body`);
    pieces.set(input, binary.subarray(start, start + size));
    start += size;
  }
  if (start < binary.byteLength) {
    throw invalid(
      `unexpected additional input data for model '${model}': ${binary.byteLength - start} bytes belong to no input`,
    );
  }
  return pieces;
}

async function readInput(
  model: string,
  input: RequestInput,
  wanted: TensorFacts,
  binary: Uint8Array | undefined,
  arrays: readonly Uint8Array[],
): Promise<EngineInput> {
  if (input.datatype === 'BYTES' && wanted.shape.length === 4) return readPicture(model, input, binary);
  const datatype = datatypeOf(wanted.dtype);
  if (input.datatype !== datatype) {
    throw invalid(
      `inference input '${clip(input.name)}' data-type is '${input.datatype}', but model '${model}' expects '${datatype}'`,
    );
  }
  requireShape(model, input, wanted.shape);
  const tensor = { name: wanted.name, dtype: wanted.dtype as Dtype, shape: wanted.shape };
  const count = wanted.shape.reduce((product, extent) => product * extent, 1);
  if (binary !== undefined) return { ...tensor, bytes: requireBytes(model, wanted, binary, count) };
  // A placeholder that the client wrote itself may point anywhere.
  const text = arrays[input.lifted ?? -1];
  if (text === undefined) throw invalid(`Unable to parse 'data' of input '${clip(input.name)}': expected a list`);
  return { ...tensor, bytes: await readNumbers(text, input.name, { ...tensor, count }) };
}

/** The model's extents are the only ones that are ever multiplied. */
function requireShape(model: string, input: RequestInput, wanted: Shape): void {
  const { shape } = input;
  if (shape.length === wanted.length && shape.every((extent, axis) => extent === wanted[axis])) return;
  throw invalid(
    `unexpected shape for input '${clip(input.name)}' for model '${model}'. Expected [${wanted.join(',')}], got [${shape.join(',')}]`,
  );
}

function requireBytes(model: string, wanted: TensorFacts, binary: Uint8Array, count: number): Uint8Array {
  const bytes = count * elementBytes(wanted.dtype);
  if (binary.byteLength === bytes) return binary;
  throw invalid(
    `input byte size mismatch for input '${clip(wanted.name)}' for model '${model}'. Expected ${bytes}, got ${binary.byteLength}`,
  );
}

/** OpenVINO Model Server's form: a BYTES tensor of one encoded picture, u32 LE length and the file. */
function readPicture(model: string, input: RequestInput, binary: Uint8Array | undefined): EngineInput {
  requireShape(model, input, [1]);
  const what = `input '${clip(input.name)}' for model '${model}'`;
  if (binary === undefined) throw invalid(`${what}: an encoded picture must come as binary data`);
  if (binary.byteLength < 4) throw invalid(`${what}: a BYTES element begins with 4 bytes of length, got ${binary.byteLength}`);
  const length = new DataView(binary.buffer, binary.byteOffset, 4).getUint32(0, true);
  const left = binary.byteLength - 4;
  if (length !== left) throw invalid(`${what}: the BYTES element has the length ${length}, but ${left} bytes follow`);
  if (length === 0) throw invalid(`${what}: the picture has 0 bytes`);
  return { name: input.name, image: binary.subarray(4) };
}

/**
 * A raw request: the whole body is the one input.
 * @throws OnboxError `request-invalid`
 */
export function readRawInput(model: ModelInputs, body: Uint8Array): EngineInput {
  const [input] = model.inputs;
  if (input === undefined || model.inputs.length > 1) {
    throw invalid(
      `Raw request must only have 1 input (found 1) to be deduced but got ${model.inputs.length} inputs in '${model.name}' model configuration`,
    );
  }
  const count = input.shape.reduce((product, extent) => product * extent, 1);
  const bytes = requireBytes(model.name, input, body, count);
  return { name: input.name, dtype: input.dtype as Dtype, shape: input.shape, bytes };
}
