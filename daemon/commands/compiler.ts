// Compiling from the command line: in a child as the daemon does it, with progress for whoever watches.

import { join } from 'node:path';
import { compileLimits, runCompile } from '../jobs/compile-job.js';
import { compileAndInstall, stageFile } from '../jobs/install.js';
import { scriptPath } from '../root.js';
import type { CompileOptions } from '../store/record.js';
import type { ModelStore, StoredModel } from '../store/store.js';
import type { Terminal } from './command.js';
import { createProgress } from './progress.js';

/** How the children are started: the scripts beside this one, with the loader that this process runs under. */
export function compileScript(): { readonly script: string; readonly nodeFlags: readonly string[] } {
  return { script: scriptPath(join(__dirname, '..', 'jobs'), 'compile-child'), nodeFlags: process.execArgv };
}

export interface InstallFile {
  readonly name: string;
  readonly onnx: string;
  /** The sidecar, where it does not lie beside the model. */
  readonly sidecar?: string;
  readonly options: CompileOptions;
  readonly embedded: boolean;
}

/** Compiles a file and installs it. @throws OnboxError of the compiler, `file-missing` */
export async function installFile(store: ModelStore, file: InstallFile, terminal: Terminal): Promise<StoredModel> {
  const { name, onnx, options, embedded } = file;
  await store.prepare();
  const progress = createProgress(terminal, `compile ${name}`);
  const start = performance.now();
  try {
    const staging = await stageFile(store, onnx, file.sidecar);
    const model = await compileAndInstall(store, { name, staging, options, embedded }, (request) =>
      // Whoever waits at a terminal is not served by a compile that steps back.
      runCompile(request, { child: compileScript(), limits: { ...compileLimits, niceness: 0 }, onProgress: progress.show }),
    );
    progress.done(`installed version ${model.version} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    return model;
  } catch (error) {
    progress.clear();
    throw error;
  }
}
