// The JSON of an inference request: its types, and the checks that make them true. What depends on the model is checked in
// inputs.ts and outputs.ts.

import { type Priority, usualPriority } from '../engine/queue.js';
import { isDatatype } from './datatypes.js';
import { clip, invalid } from './errors.js';
import { type Fields, fieldOf, fieldsOf, flagOf, listOf, textOf, wholeOf } from './fields.js';
import type { Placeholder } from './json-lift.js';

export interface InferRequest {
  /** Echoed; undefined if it was not sent or is empty. */
  readonly id: string | undefined;
  /** How long the request may wait, in ms; undefined for the daemon's own deadline. */
  readonly timeoutMs: number | undefined;
  readonly priority: Priority;
  /** For outputs that do not say themselves. */
  readonly isBinary: boolean;
  readonly inputs: readonly RequestInput[];
  /** Empty for all outputs. */
  readonly outputs: readonly RequestOutput[];
}

export interface RequestInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** Index of the lifted JSON data. */
  readonly lifted: number | undefined;
  /** Length of the binary data; with neither, it is what is left of the body. */
  readonly binaryBytes: number | undefined;
}

export interface RequestOutput {
  readonly name: string;
  readonly isBinary: boolean | undefined;
  /** How many of the highest values are wanted instead of the tensor. */
  readonly classification: number | undefined;
}

const idCharactersMax = 1024;
/** Far above what models have. */
const tensorsMax = 1024;
const axesMax = 64;
/** One more is surely a mistake; fewer than that are capped at the number of classes. */
const classificationMax = 1_000_000;

/** Names that have a meaning of their own here, or would be taken for Triton's. */
const parametersRefused = /^(sequence_id|sequence_start|sequence_end|headers|triton_.*)$/s;
const parametersOfRequest: ReadonlySet<string> = new Set(['priority', 'timeout', 'binary_data_output']);

/** @throws OnboxError `request-invalid` */
export function parseInferRequest(value: unknown): InferRequest {
  const fields = fieldsOf(value, 'the request');
  const parameters = parametersOf(fields, 'the request', true);
  const level = wholeOf(parameters, 'priority', 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const timeout = wholeOf(parameters, 'timeout', 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const inputs = listOf(fields, 'inputs', tensorsMax).map(parseInput);
  requireDistinct(inputs, 'input');
  const outputs = fieldOf(fields, 'outputs') === undefined ? [] : listOf(fields, 'outputs', tensorsMax).map(parseOutput);
  requireDistinct(outputs, 'output');
  return {
    id: idOf(fields),
    timeoutMs: timeout === 0 ? undefined : Math.ceil(timeout / 1000),
    // As Triton counts: 1 is the highest, and 0 stands for what is usual.
    priority: level === 0 ? usualPriority : level === 1 ? 1 : level === 2 ? 2 : 3,
    isBinary: flagOf(parameters, 'binary_data_output') ?? false,
    inputs,
    outputs,
  };
}

function idOf(fields: Fields): string | undefined {
  if (fieldOf(fields, 'id') === undefined) return undefined;
  const id = textOf(fields, 'id', 'the request');
  if (id.length > idCharactersMax) throw invalid(`'id' has ${id.length} characters, ${idCharactersMax} at most`);
  return id === '' ? undefined : id;
}

function parseInput(value: unknown): RequestInput {
  const fields = fieldsOf(value, 'an input');
  const name = textOf(fields, 'name', 'an input');
  const what = `input '${clip(name)}'`;
  const datatype = textOf(fields, 'datatype', what);
  if (!isDatatype(datatype)) throw invalid(`${what} has the unknown datatype '${clip(datatype)}'`);
  const parameters = parametersOf(fields, what, false);
  if (fieldOf(parameters, 'shared_memory_region') !== undefined) throw invalid(`${what}: shared memory is not offered`);
  const binaryBytes = wholeOf(parameters, 'binary_data_size', 0, Number.MAX_SAFE_INTEGER);
  const lifted = liftedOf(fields, what);
  if (lifted !== undefined && binaryBytes !== undefined) throw invalid(`${what} has both 'data' and 'binary_data_size'`);
  return { name, datatype, shape: shapeOf(fields, what), lifted, binaryBytes };
}

function liftedOf(fields: Fields, what: string): number | undefined {
  const data = fieldOf(fields, 'data');
  if (data === undefined) return undefined;
  const lifted = typeof data === 'object' && data !== null && 'lifted' in data ? (data as Placeholder).lifted : undefined;
  if (typeof lifted !== 'number') throw invalid(`Unable to parse 'data' of ${what}: expected a list`);
  return lifted;
}

function shapeOf(fields: Fields, what: string): readonly number[] {
  const shape = listOf(fields, 'shape', axesMax);
  for (const extent of shape) {
    if (typeof extent === 'number' && Number.isSafeInteger(extent) && extent >= 0) continue;
    throw invalid(
      `Unable to parse 'shape' of ${what}: expected whole numbers from 0, got ${clip(String(JSON.stringify(extent)))}`,
    );
  }
  return shape as readonly number[];
}

function parseOutput(value: unknown): RequestOutput {
  const fields = fieldsOf(value, 'an output');
  const name = textOf(fields, 'name', 'an output');
  const what = `output '${clip(name)}'`;
  const parameters = parametersOf(fields, what, false);
  if (fieldOf(parameters, 'shared_memory_region') !== undefined) throw invalid(`${what}: shared memory is not offered`);
  const classification = wholeOf(parameters, 'classification', 1, classificationMax);
  return { name, isBinary: flagOf(parameters, 'binary_data'), classification };
}

/** Parameters are free but for names that are reserved; their values are texts, numbers and booleans. */
function parametersOf(fields: Fields, what: string, isRequest: boolean): Fields {
  const value = fieldOf(fields, 'parameters');
  if (value === undefined) return {};
  const parameters = fieldsOf(value, `'parameters' of ${what}`);
  for (const [name, parameter] of Object.entries(parameters)) {
    if (parametersRefused.test(name) || (!isRequest && parametersOfRequest.has(name))) {
      throw invalid(`the parameter '${clip(name)}' of ${what} is reserved`);
    }
    if (!['string', 'number', 'boolean'].includes(typeof parameter)) {
      throw invalid(`the parameter '${clip(name)}' of ${what} must be a string, a number or a boolean`);
    }
  }
  return parameters;
}

function requireDistinct(tensors: readonly { readonly name: string }[], kind: 'input' | 'output'): void {
  const names = new Set<string>();
  for (const { name } of tensors) {
    if (names.has(name)) throw invalid(`${kind} '${clip(name)}' already exists in request`);
    names.add(name);
  }
}
