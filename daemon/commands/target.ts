// What a command works on: an installed model by name, an ONNX file by path, or the default of a task.

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode, errorMessage, OnboxError, type Task } from '../../runtime/index.js';
import { embeddedModels, missingEmbedded } from '../embedded/index.js';
import { type OpenModel, openModel } from '../engine/open.js';
import { compileOnnx } from '../jobs/compile-onnx.js';
import { homeFolder } from '../store/home.js';
import { nameFromFile } from '../store/names.js';
import type { CompileOptions } from '../store/record.js';
import { ModelStore, type StoredModel, sidecarFile } from '../store/store.js';
import type { Terminal } from './command.js';
import { installFile } from './compiler.js';
import { createProgress } from './progress.js';

export interface Target {
  readonly name: string;
  /** 0 for a file that is not installed. */
  readonly version: number;
  readonly model: OpenModel;
  /** Closes the model and removes what was made for it. */
  close(): Promise<void>;
}

/** The store of this home. */
export function openStore(terminal: Terminal): ModelStore {
  return new ModelStore(homeFolder(terminal.environment));
}

/**
 * Opens the model that `text` names. A damaged or stale module is rebuilt from its ONNX first; a file is compiled into a
 * temporary folder.
 * @param task picks the default where `text` is undefined, and is required of an installed model
 */
export async function openTarget(
  text: string | undefined,
  task: Task | undefined,
  options: CompileOptions,
  terminal: Terminal,
): Promise<Target> {
  if (text !== undefined && (await isFile(text))) return await openFile(text, options, terminal);
  const store = openStore(terminal);
  const stored = await findStored(store, text, task, terminal);
  if (task !== undefined && stored.record.task !== task) {
    throw new OnboxError(`model "${stored.name}" is for the task "${stored.record.task}", not "${task}"`, {
      code: 'task-mismatch',
    });
  }
  const { model, version } = await openStored(store, stored, options, terminal);
  return { name: stored.name, version, model, close: () => model.close() };
}

/** True for what is meant as a path, whether or not something lies there. */
async function isFile(text: string): Promise<boolean> {
  if (/\.onnx$/i.test(text) || text.includes('/')) return true;
  return await stat(text).then(
    (facts) => facts.isFile(),
    () => false,
  );
}

async function openFile(path: string, options: CompileOptions, terminal: Terminal): Promise<Target> {
  const name = nameFromFile(path);
  if (!(await stat(path).catch(() => undefined))?.isFile()) {
    throw new OnboxError(`there is no file "${path}"`, { code: 'file-missing' });
  }
  const folder = await mkdtemp(join(tmpdir(), 'onbox-'));
  const progress = createProgress(terminal, `compile ${name}`);
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const module = join(folder, 'module');
    await compileOnnx({ name, onnx: path, outFolder: module, options }, progress.show);
    progress.done('done');
    const model = await openModel(module, threadsIn(options));
    return {
      name,
      version: 0,
      model,
      close: async () => {
        await model.close();
        await close();
      },
    };
  } catch (error) {
    progress.clear();
    await close();
    throw error;
  }
}

/** The embedded models are compiled when they are first asked for. */
async function findStored(
  store: ModelStore,
  name: string | undefined,
  task: Task | undefined,
  terminal: Terminal,
): Promise<StoredModel> {
  const find = (): Promise<StoredModel> => {
    if (name !== undefined) return store.find(name);
    return store.defaultFor(task ?? 'detect');
  };
  try {
    return await find();
  } catch (error) {
    if (errorCode(error) !== 'model-missing') throw error;
    const embedded = (await missingEmbedded(store, embeddedModels())).filter(
      (model) => name === undefined || model.name === name,
    );
    if (embedded.length === 0) throw error;
    for (const model of embedded) await installFile(store, { ...model, options: {}, embedded: true }, terminal);
    return await find();
  }
}

async function openStored(
  store: ModelStore,
  stored: StoredModel,
  options: CompileOptions,
  terminal: Terminal,
): Promise<{ readonly model: OpenModel; readonly version: number }> {
  try {
    return { model: await openModel(stored.module, threadsIn(options)), version: stored.version };
  } catch (error) {
    if (!['module-damaged', 'module-foreign', 'module-stale'].includes(errorCode(error))) throw error;
    terminal.err(`onbox: ${errorMessage(error)}; compiling "${stored.name}" again\n`);
    const { record } = stored;
    const sidecar = join(stored.folder, sidecarFile);
    const file = { name: stored.name, onnx: stored.onnx, sidecar, options: record.options, embedded: record.embedded };
    const rebuilt = await installFile(store, file, terminal);
    return { model: await openModel(rebuilt.module, threadsIn(options)), version: rebuilt.version };
  }
}

function threadsIn({ threads }: CompileOptions): { readonly threads?: number } {
  return threads === undefined ? {} : { threads };
}
