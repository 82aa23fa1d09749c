// What a client may give to a load: a configuration that agrees with the model, and a new ONNX file.

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OnboxError } from '../../runtime/index.js';
import { requireModelName } from '../store/names.js';
import { onnxFile } from '../store/store.js';
import { clip, invalid } from './errors.js';
import { type Fields, fieldOf, fieldsOf, textOf } from './fields.js';
import type { KserveParts } from './parts.js';

export interface LoadRequest {
  /** The ONNX file that replaces the model, or makes a new one. */
  readonly onnx: Uint8Array | undefined;
  /** The batch that the client wants. */
  readonly maxBatchSize: number | undefined;
}

/** The one file that a model has; its version is for onbox to count. */
const filePattern = /^file:[1-9][0-9]{0,14}\/model\.onnx$/;

/** @throws OnboxError `request-invalid`, `body-too-large` */
export function parseLoadRequest(fields: Fields, name: string, modelBytesMax: number): LoadRequest {
  const value = fieldOf(fields, 'parameters');
  const parameters = value === undefined ? {} : fieldsOf(value, "'parameters'");
  const files = Object.keys(parameters).filter((key) => key.startsWith('file:'));
  const unknown = Object.keys(parameters).find((key) => key !== 'config' && !files.includes(key));
  if (unknown !== undefined) throw invalid(`the parameter '${clip(unknown)}' is unknown`);
  const config = fieldOf(parameters, 'config') === undefined ? undefined : textOf(parameters, 'config', "'parameters'");
  if (files.length > 0 && config === undefined) throw invalid("a file wants the parameter 'config' too");
  const [file, second] = files;
  if (second !== undefined) throw invalid(`one file makes a model, got ${files.length}`);
  if (file !== undefined && !filePattern.test(file)) throw invalid(`a file is called 'file:1/model.onnx', not '${clip(file)}'`);
  return {
    onnx: file === undefined ? undefined : decodeFile(textOf(parameters, file, "'parameters'"), modelBytesMax),
    maxBatchSize: config === undefined ? undefined : parseConfig(config, name),
  };
}

function decodeFile(text: string, bytesMax: number): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  // The decoder skips what it does not know, so a wrong character shows in the length.
  const digits = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  if (digits === 0 || bytes.byteLength !== Math.floor((digits * 3) / 4)) throw invalid('the file is not base64');
  if (bytes.byteLength > bytesMax) {
    throw new OnboxError(`the file has ${bytes.byteLength} bytes, ${bytesMax} at most`, { code: 'body-too-large' });
  }
  return bytes;
}

/** Fields that a configuration may repeat without changing what the model is. */
const fieldsKnown: ReadonlySet<string> = new Set(['name', 'platform', 'backend', 'max_batch_size']);

function parseConfig(text: string, name: string): number | undefined {
  const config = parseJson(text);
  const unknown = Object.keys(config).find((field) => !fieldsKnown.has(field));
  if (unknown !== undefined) throw invalid(`the field '${clip(unknown)}' of the config cannot be changed`);
  if (fieldOf(config, 'name') !== undefined && config['name'] !== name) {
    throw invalid(`the config is for the model '${clip(String(config['name']))}'`);
  }
  const batch = fieldOf(config, 'max_batch_size');
  if (batch === undefined) return undefined;
  // Triton's own samples write the number as a string.
  if (!/^[0-9]{1,9}$/.test(String(batch))) throw invalid("Invalid value for 'max_batch_size': expected a whole number");
  return Number(batch);
}

function parseJson(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new OnboxError('the config is not JSON', { code: 'request-invalid', cause });
  }
  return fieldsOf(value, 'the config');
}

/** Compiles and installs the file as the model's next version. */
export async function installFile({ service, store }: KserveParts, name: string, onnx: Uint8Array): Promise<void> {
  requireModelName(name);
  const staging = await store.stage();
  try {
    await writeFile(join(staging, onnxFile), onnx, { flag: 'wx' });
  } catch (error) {
    await store.discard(staging);
    throw error;
  }
  const digest = createHash('sha256').update(onnx).digest('hex');
  await service.put({ name, staging, digest, options: {} });
}
