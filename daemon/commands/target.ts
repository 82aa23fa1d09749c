// What a command works on: an installed model by name, an ONNX file by path, or the default of a task.

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  errorCode,
  errorMessage,
  OnboxError,
  openModel,
  type Session,
  type Task,
  type VisionModel,
} from '../../runtime/index.js';
import { embeddedModels, missingEmbedded } from '../embedded/index.js';
import { compileOnnx } from '../jobs/compile-onnx.js';
import { isRebuildable, stageFile } from '../jobs/install.js';
import { homeFolder, recordsPath } from '../store/home.js';
import { nameFromFile } from '../store/names.js';
import type { CompileOptions } from '../store/record.js';
import { ModelStore, type StoredModel } from '../store/store.js';
import { type Terminal, usageError } from './command.js';
import { installModel, rebuildModel } from './compiler.js';
import { createProgress } from './progress.js';

/** A model with a session that takes tensors as well. */
type OpenModel = VisionModel<Session>;

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
  const { threads: _, ...choices } = options;
  if (Object.keys(choices).length > 0) {
    throw usageError('--input, --cut, --task, --head and --labels are for ONNX files; an installed model has its own');
  }
  const stored = await findStored(store, text, task, terminal);
  const { model, version } = await openStored(store, stored, options, terminal);
  return { name: stored.name, version, model, close: () => model.close() };
}

/** True for what is meant as a path, whether or not something lies there. */
export async function isFile(text: string): Promise<boolean> {
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
    const records = recordsPath(homeFolder(terminal.environment));
    await compileOnnx({ name, onnx: path, outFolder: module, options, records }, progress.show);
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
  const find = (): Promise<StoredModel> =>
    name !== undefined && task === undefined ? store.find(name) : store.forTask(name, task ?? 'detect');
  try {
    return await find();
  } catch (error) {
    if (errorCode(error) !== 'model-missing') throw error;
    const embedded = (await missingEmbedded(store, embeddedModels())).filter(
      (model) => name === undefined || model.name === name,
    );
    if (embedded.length === 0) throw error;
    await store.prepare();
    for (const { name: missing, onnx } of embedded) {
      const staging = await stageFile(store, onnx);
      await installModel(store, { name: missing, staging, options: {}, embedded: true }, terminal);
    }
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
    if (!isRebuildable(error)) throw error;
    terminal.err(`onbox: ${errorMessage(error)}; compiling "${stored.name}" again\n`);
    const rebuilt = await rebuildModel(store, stored, terminal);
    return { model: await openModel(rebuilt.module, threadsIn(options)), version: rebuilt.version };
  }
}

function threadsIn({ threads }: CompileOptions): { readonly threads?: number } {
  return threads === undefined ? {} : { threads };
}
