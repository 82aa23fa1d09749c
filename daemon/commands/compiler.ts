// Compiling from the command line: in a child as the daemon does it, with progress for whoever watches.

import { join } from 'node:path';
import { compileLimits, runCompile } from '../jobs/compile-job.js';
import { compileAndInstall, rebuild } from '../jobs/install.js';
import type { CompileRequest, CompileResult } from '../jobs/messages.js';
import { scriptPath } from '../root.js';
import type { CompileOptions } from '../store/record.js';
import type { ModelStore, StoredModel } from '../store/store.js';
import type { Terminal } from './command.js';
import { createProgress } from './progress.js';

/** How the children are started: the scripts beside this one, with the loader that this process runs under. */
export function compileScript(): { readonly script: string; readonly nodeFlags: readonly string[] } {
  return { script: scriptPath(join(__dirname, '..', 'jobs'), 'compile-child'), nodeFlags: process.execArgv };
}

export interface InstallModel {
  readonly name: string;
  /** A staging folder with the model; it is gone afterwards. */
  readonly staging: string;
  readonly options: CompileOptions;
  readonly embedded: boolean;
}

/** Compiles what is staged and installs it. @throws OnboxError of the compiler */
export async function installModel(store: ModelStore, request: InstallModel, terminal: Terminal): Promise<StoredModel> {
  return await followCompile(request.name, terminal, (compile) => compileAndInstall(store, request, compile));
}

/** Compiles an installed model again. @throws OnboxError of the compiler, `module-damaged` */
export async function rebuildModel(store: ModelStore, model: StoredModel, terminal: Terminal): Promise<StoredModel> {
  return await followCompile(model.name, terminal, (compile) => rebuild(store, model, compile));
}

type Compile = (request: CompileRequest) => Promise<CompileResult>;

async function followCompile(
  name: string,
  terminal: Terminal,
  install: (compile: Compile) => Promise<StoredModel>,
): Promise<StoredModel> {
  const progress = createProgress(terminal, `compile ${name}`);
  const start = performance.now();
  // Whoever waits at a terminal is not served by a compile that steps back.
  const limits = { ...compileLimits, niceness: 0 };
  try {
    const model = await install((request) =>
      runCompile(request, { child: compileScript(), limits, onProgress: progress.show }),
    );
    progress.done(`installed version ${model.version} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    return model;
  } catch (error) {
    progress.clear();
    throw error;
  }
}
