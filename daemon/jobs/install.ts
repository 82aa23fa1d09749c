// From an ONNX file in a staging folder to an installed model: compile, check, record, rename. The daemon and the command
// line go this one way.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorCode, OnboxError, sidecarPath } from '../../runtime/index.js';
import { fileErrorCode } from '../file-error.js';
import { recordsPath } from '../store/home.js';
import type { CompileOptions } from '../store/record.js';
import { asStorageError } from '../store/storage-error.js';
import { type ModelStore, moduleFolder, onnxFile, type StoredModel, sidecarFile } from '../store/store.js';
import type { CompileRequest, CompileResult } from './messages.js';

export interface InstallRequest {
  readonly name: string;
  /** A staging folder that holds model.onnx, and model.onbox.json if the model has a sidecar. */
  readonly staging: string;
  readonly options: CompileOptions;
  readonly embedded: boolean;
}

/** Compiles what lies in the staging folder and installs it. The staging folder is gone afterwards, whatever happens. */
export async function compileAndInstall(
  store: ModelStore,
  request: InstallRequest,
  compile: (request: CompileRequest) => Promise<CompileResult>,
): Promise<StoredModel> {
  const { name, staging, options, embedded } = request;
  try {
    const onnx = join(staging, onnxFile);
    const records = recordsPath(store.home);
    const result = await compile({ name, onnx, outFolder: join(staging, moduleFolder), options, records });
    return await store.install(staging, name, { ...result, embedded, options });
  } catch (error) {
    throw asStorageError(error, `"${name}" cannot be installed`);
  } finally {
    await store.discard(staging);
  }
}

/** What is said of a module that must be compiled again before it can answer. */
const rebuildable: ReadonlySet<string> = new Set(['module-damaged', 'module-foreign', 'module-stale']);

/** True if an error of opening a module is mended by `rebuild`. */
export function isRebuildable(error: unknown): boolean {
  return rebuildable.has(errorCode(error));
}

/**
 * Compiles the stored ONNX of a model again, as its owner wanted it; the result is the model's next version.
 * @throws OnboxError of stageAgain and of the compiler
 */
export async function rebuild(
  store: ModelStore,
  model: StoredModel,
  compile: (request: CompileRequest) => Promise<CompileResult>,
): Promise<StoredModel> {
  const { options, embedded } = model.record;
  const staging = await stageAgain(store, model);
  return await compileAndInstall(store, { name: model.name, staging, options, embedded }, compile);
}

/**
 * A staging folder with the model file of an installed model.
 * @throws OnboxError `module-damaged` if it is no longer the file that was installed
 */
export async function stageAgain(store: ModelStore, { name, folder, onnx, record }: StoredModel): Promise<string> {
  if ((await digestOf(onnx)) !== record.digest) {
    throw new OnboxError(`model "${name}" cannot be rebuilt: its stored ONNX file has changed; install the model again`, {
      code: 'module-damaged',
    });
  }
  return await stageFile(store, onnx, join(folder, sidecarFile));
}

/**
 * A staging folder with a copy of a model file and its sidecar, `MODEL.onbox.json`, if there is one.
 * @throws OnboxError `file-missing`, of asStorageError
 */
export async function stageFile(store: ModelStore, onnx: string, sidecar = sidecarPath(onnx)): Promise<string> {
  await access(onnx, constants.R_OK).catch((cause: unknown) => {
    const why = fileErrorCode(cause) === 'ENOENT' ? `there is no file "${onnx}"` : `the file "${onnx}" cannot be read`;
    throw new OnboxError(why, { code: 'file-missing', cause });
  });
  const staging = await store.stage();
  try {
    await copyFile(onnx, join(staging, onnxFile));
    if (await exists(sidecar)) await copyFile(sidecar, join(staging, sidecarFile));
    return staging;
  } catch (cause) {
    await store.discard(staging);
    throw asStorageError(cause, 'the model cannot be stored');
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** SHA-256 of a file, hex. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
