// From an ONNX file in a staging folder to an installed model: compile, check, record, rename. The daemon and the command
// line go this one way.

import { access, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OnboxError, sidecarPath } from '../../runtime/index.js';
import type { CompileOptions } from '../store/record.js';
import { type ModelStore, moduleFolder, onnxFile, type StoredModel, sidecarFile } from '../store/store.js';
import type { CompileProgress, CompileRequest, CompileResult } from './messages.js';

export type Compile = (
  request: CompileRequest,
  onProgress: (progress: CompileProgress) => void,
  signal?: AbortSignal,
) => Promise<CompileResult>;

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
    const result = await compile({ name, onnx, outFolder: join(staging, moduleFolder), options });
    return await store.install(staging, name, { ...result, embedded, options });
  } catch (error) {
    throw isDiskFull(error)
      ? new OnboxError(`the disk is full: "${name}" cannot be installed`, { code: 'disk-full', cause: error })
      : error;
  } finally {
    await store.discard(staging);
  }
}

/** A staging folder with a copy of a model file and its sidecar, `MODEL.onbox.json`, if there is one. */
export async function stageFile(store: ModelStore, onnx: string, sidecar = sidecarPath(onnx)): Promise<string> {
  const staging = await store.stage();
  try {
    await copyFile(onnx, join(staging, onnxFile));
    if (await exists(sidecar)) await copyFile(sidecar, join(staging, sidecarFile));
    return staging;
  } catch (cause) {
    await store.discard(staging);
    if (isMissing(cause)) throw new OnboxError(`there is no file "${onnx}"`, { code: 'file-missing', cause });
    throw cause;
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function isDiskFull(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOSPC';
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
