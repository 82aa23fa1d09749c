// Files that a command reads. The path "-" is what is piped in, as over ssh: `ssh box onbox compile - --name yolo < yolo.onnx`.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, OnboxError, parseLabels } from '../../runtime/index.js';
import { modelMbDefault } from '../api/limits.js';
import { stageFile } from '../jobs/install.js';
import { saveStream } from '../store/save.js';
import { type ModelStore, onnxFile } from '../store/store.js';
import type { Terminal } from './command.js';

/** The path that means standard input. */
export const piped = '-';

/** Largest file that is taken from a pipe. */
const pipedBytesMax = modelMbDefault * 1024 * 1024;

/** @throws OnboxError `file-missing`, `body-too-large`, `body-empty` */
export async function readInput(path: string, terminal: Terminal): Promise<Uint8Array> {
  if (path !== piped) return await readInputFile(path);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of terminal.input) {
    bytes += piece.byteLength;
    if (bytes > pipedBytesMax)
      throw new OnboxError(`standard input is larger than ${pipedBytesMax} bytes`, { code: 'body-too-large' });
    pieces.push(piece);
  }
  if (bytes === 0) throw new OnboxError('standard input is empty', { code: 'body-empty' });
  return Buffer.concat(pieces);
}

/** @throws OnboxError `file-missing` */
export async function readInputFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new OnboxError(`cannot read "${path}": ${errorMessage(cause)}`, { code: 'file-missing', cause });
  }
}

/**
 * A staging folder with a model, and its sidecar where it is a file that has one.
 * @throws OnboxError `file-missing`, `body-too-large`, `body-empty`, `disk-full`
 */
export async function stageInput(store: ModelStore, path: string, terminal: Terminal): Promise<string> {
  if (path !== piped) return await stageFile(store, path);
  const staging = await store.stage();
  try {
    await saveStream(terminal.input, join(staging, onnxFile), pipedBytesMax);
    return staging;
  } catch (error) {
    await store.discard(staging);
    throw error;
  }
}

/** The class names of --labels. @throws OnboxError `file-missing`, `labels-invalid` */
export async function readLabels(path: string): Promise<string[]> {
  return parseLabels(Buffer.from(await readInputFile(path)).toString('utf8'));
}
