// Models on disk. The disk is the only truth: the command line and the daemon may work on one home at the same time.
//
//   models/NAME/current             the number of the version that answers
//   models/NAME/VERSION/            model.onnx, model.onbox.json, record.json, module/; never changed once it is there
//   staging/PID-RANDOM/             a version in the making; becomes models/NAME/VERSION by one rename
//   trash/PID-RANDOM/               what is being deleted
//   defaults.json                   the default model of each task

import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, OnboxError, type Task } from '../../runtime/index.js';
import { errorFacts } from '../api/errors.js';
import type { DamagedModel } from '../api/types.js';
import { fileErrorCode } from '../file-error.js';
import { syncPath, syncTree, writeFileAtomic } from './atomic.js';
import { type Defaults, readDefaults, writeDefault } from './defaults.js';
import { requireModelName } from './names.js';
import { type ModelRecord, parseRecord, recordFormat } from './record.js';

/** One installed version of a model. */
export interface StoredModel {
  readonly name: string;
  readonly version: number;
  readonly folder: string;
  readonly onnx: string;
  readonly module: string;
  readonly record: ModelRecord;
}

/** What the installer knows; the store adds format, name, version and time. */
export type RecordFacts = Omit<ModelRecord, 'format' | 'name' | 'version' | 'installedAt'>;

/** File names inside a version's folder. */
export const onnxFile = 'model.onnx';
export const sidecarFile = 'model.onbox.json';
export const moduleFolder = 'module';
const recordFile = 'record.json';
const currentFile = 'current';

/** How often an install looks for a free version number before it gives up; each miss means another install won the race. */
const installAttemptsMax = 20;

export class ModelStore {
  readonly home: string;
  /** Records by version folder. Versions do not change, so an entry never goes stale. */
  private readonly records = new Map<string, ModelRecord>();

  constructor(home: string) {
    this.home = home;
  }

  /** Makes the folders and clears what processes that are gone left behind. */
  async prepare(): Promise<void> {
    await mkdir(this.path('models'), { recursive: true, mode: 0o750 });
    for (const area of ['staging', 'trash']) {
      await mkdir(this.path(area), { recursive: true, mode: 0o750 });
      for (const entry of await readdir(this.path(area))) {
        const owner = Number.parseInt(entry, 10);
        if (owner !== process.pid && !isAlive(owner)) await rm(this.path(area, entry), { recursive: true, force: true });
      }
    }
  }

  /** The current version of every model by name, and the models that cannot be read. */
  async list(): Promise<{ readonly models: readonly StoredModel[]; readonly damaged: readonly DamagedModel[] }> {
    const models: StoredModel[] = [];
    const damaged: DamagedModel[] = [];
    for (const name of await this.names()) {
      try {
        models.push(await this.find(name));
      } catch (error) {
        if (errorCode(error) !== 'model-missing') damaged.push({ name, error: errorFacts(error) });
      }
    }
    return { models, damaged };
  }

  /**
   * The current version of a model.
   * @throws OnboxError `name-invalid`, `model-missing`, `record-damaged`
   */
  async find(name: string): Promise<StoredModel> {
    requireModelName(name);
    const version = await this.currentVersion(name);
    const folder = this.path('models', name, String(version));
    let record = this.records.get(folder);
    if (record === undefined) {
      record = parseRecord(await this.readRecord(folder, name, version), name, version);
      this.records.set(folder, record);
    }
    return { name, version, folder, onnx: join(folder, onnxFile), module: join(folder, moduleFolder), record };
  }

  /**
   * The model that answers for `task` when a request names none: the chosen one, else the one installed first.
   * @throws OnboxError `model-missing` if there is none
   */
  async defaultFor(task: Task): Promise<StoredModel> {
    const { models } = await this.list();
    const found = pickDefault(models, task, await readDefaults(this.home));
    if (found === undefined) {
      throw new OnboxError(`no model for the task "${task}" is installed`, { code: 'model-missing' });
    }
    return found;
  }

  /** The names of the models that answer for their tasks when a request names none. */
  async defaultNames(): Promise<ReadonlySet<string>> {
    const { models } = await this.list();
    const chosen = await readDefaults(this.home);
    const tasks = [...new Set(models.map((model) => model.record.task))];
    return new Set(tasks.flatMap((task) => pickDefault(models, task, chosen)?.name ?? []));
  }

  /**
   * The model of that name, or the default of the task if `name` is undefined.
   * @throws OnboxError `name-invalid`, `model-missing`, `record-damaged`, `task-mismatch`
   */
  async forTask(name: string | undefined, task: Task): Promise<StoredModel> {
    const model = name === undefined ? await this.defaultFor(task) : await this.find(name);
    if (model.record.task === task) return model;
    throw new OnboxError(`model "${model.name}" is for the task "${model.record.task}", not "${task}"`, {
      code: 'task-mismatch',
    });
  }

  /** Makes a model answer for its task. */
  async setDefault(name: string): Promise<void> {
    const model = await this.find(name);
    await writeDefault(this.home, model.record.task, name);
  }

  /** A new folder in which a version is put together. The caller installs it or calls `discard`. */
  async stage(): Promise<string> {
    return await this.reserve('staging');
  }

  async discard(staging: string): Promise<void> {
    await rm(staging, { recursive: true, force: true });
  }

  /**
   * Turns a staging folder with model.onnx and module/ into the current version of `name`: one rename for the files, one
   * for the pointer. The version before it stays, so that whoever still runs it is not cut off; older ones go.
   */
  async install(staging: string, name: string, facts: RecordFacts): Promise<StoredModel> {
    requireModelName(name);
    const version = await this.moveIn(staging, name, facts);
    await writeFileAtomic(this.path('models', name, currentFile), `${version}\n`);
    await this.prune(name, version);
    return await this.find(name);
  }

  /**
   * Deletes a model with all its versions.
   * @throws OnboxError `name-invalid`, `model-missing`
   */
  async remove(name: string): Promise<void> {
    requireModelName(name);
    const trash = await this.reserve('trash');
    try {
      await rename(this.path('models', name), join(trash, name));
    } catch (cause) {
      if (fileErrorCode(cause) === 'ENOENT') throw missing(name, cause);
      throw cause;
    } finally {
      this.forget(name);
    }
    await rm(trash, { recursive: true, force: true });
  }

  private async moveIn(staging: string, name: string, facts: RecordFacts): Promise<number> {
    for (let attempt = 0; attempt < installAttemptsMax; attempt++) {
      await mkdir(this.path('models', name), { recursive: true, mode: 0o750 });
      const version = ((await this.versions(name)).at(-1) ?? 0) + 1;
      const record: ModelRecord = { ...facts, format: recordFormat, name, version, installedAt: new Date().toISOString() };
      await writeFileAtomic(join(staging, recordFile), `${JSON.stringify(record, null, 2)}\n`);
      await syncTree(staging);
      try {
        await rename(staging, this.path('models', name, String(version)));
        await syncPath(this.path('models', name));
        return version;
      } catch (error) {
        // The number is taken (another install was quicker), or the model was removed in between: look again.
        if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(fileErrorCode(error) ?? '')) throw error;
      }
    }
    throw new OnboxError(`model "${name}" is being installed or removed by others all the time`, { code: 'model-busy' });
  }

  private async prune(name: string, current: number): Promise<void> {
    const old = (await this.versions(name)).filter((version) => version < current).slice(0, -1);
    for (const version of old) {
      const folder = this.path('models', name, String(version));
      this.records.delete(folder);
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async currentVersion(name: string): Promise<number> {
    let text: string;
    try {
      text = await readFile(this.path('models', name, currentFile), 'utf8');
    } catch (cause) {
      if (fileErrorCode(cause) === 'ENOENT' || fileErrorCode(cause) === 'ENOTDIR') throw missing(name, cause);
      throw cause;
    }
    if (!/^[1-9][0-9]{0,14}\n?$/.test(text)) {
      throw new OnboxError(`the file "${currentFile}" of model "${name}" does not hold a version number`, {
        code: 'record-damaged',
      });
    }
    return Number(text);
  }

  private async readRecord(folder: string, name: string, version: number): Promise<string> {
    try {
      return await readFile(join(folder, recordFile), 'utf8');
    } catch (cause) {
      // A model that was removed between the two reads is missing, not damaged.
      await this.currentVersion(name);
      throw new OnboxError(`the record of model "${name}" version ${version} cannot be read`, {
        code: 'record-damaged',
        cause,
      });
    }
  }

  private async names(): Promise<string[]> {
    const entries = await readdir(this.path('models'), { withFileTypes: true }).catch(emptyIfMissing);
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  }

  /** Version numbers on disk, lowest first. */
  private async versions(name: string): Promise<number[]> {
    const entries = await readdir(this.path('models', name), { withFileTypes: true }).catch(emptyIfMissing);
    return entries
      .filter((entry) => /^[1-9][0-9]{0,14}$/.test(entry.name))
      .map((entry) => Number(entry.name))
      .sort((a, b) => a - b);
  }

  private async reserve(area: 'staging' | 'trash'): Promise<string> {
    const folder = this.path(area, `${process.pid}-${randomBytes(8).toString('hex')}`);
    await mkdir(folder, { recursive: true, mode: 0o750 });
    return folder;
  }

  private forget(name: string): void {
    for (const [folder, record] of this.records) if (record.name === name) this.records.delete(folder);
  }

  private path(...parts: readonly string[]): string {
    return join(this.home, ...parts);
  }
}

/** The owner's choice, else the model installed first; the demonstration models come last. */
function pickDefault(models: readonly StoredModel[], task: Task, chosen: Defaults): StoredModel | undefined {
  const ofTask = models.filter((model) => model.record.task === task);
  const oldest = [...ofTask].sort((a, b) => a.record.installedAt.localeCompare(b.record.installedAt));
  return ofTask.find(({ name }) => name === chosen[task]) ?? oldest.find(({ record }) => !record.embedded) ?? oldest[0];
}

function missing(name: string, cause: unknown): OnboxError {
  return new OnboxError(`there is no model "${name}"`, { code: 'model-missing', cause });
}

function emptyIfMissing(error: unknown): [] {
  if (fileErrorCode(error) === 'ENOENT') return [];
  throw error;
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user.
    return fileErrorCode(error) === 'EPERM';
  }
}
