// Models on disk. The disk is the only truth: the command line and the daemon may work on one home at the same time.
//
//   models/NAME/VERSION/            model.onnx, model.onbox.json, record.json, module-ID/; never changed once it is there
//   models/NAME/VERSION.withdrawn/  a version that proved bad; kept until the next one, so that its number is not used again
//   staging/OWNER-RANDOM/           a version in the making; becomes models/NAME/VERSION by one rename
//   trash/OWNER-RANDOM/             what is being deleted
//   defaults.json                   the default model of each task
//
// The highest version answers. So one rename installs a model: whenever the power goes, it is there whole or not at all, and there
// is nothing beside it that could disagree. A name that was removed begins with version 1 again, so the folder of a module bears the id
// of its installation: one path never means two modules.

import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { errorCode, OnboxError, type Task } from '../../runtime/index.js';
import { errorFacts } from '../api/errors.js';
import type { DamagedModel } from '../api/types.js';
import { fileErrorCode } from '../file-error.js';
import { clearTemporary, makeFolder, syncPath, syncTree, writeFileAtomic } from './atomic.js';
import { pickDefault, readDefaults, writeDefault } from './defaults.js';
import { requireModelName } from './names.js';
import { isOwnerAlive, ownerToken } from './owner.js';
import { type ModelRecord, parseRecord, recordFormat } from './record.js';
import { asStorageError } from './storage-error.js';

/** One installed version of a model. */
export interface StoredModel {
  readonly name: string;
  readonly version: number;
  readonly folder: string;
  readonly onnx: string;
  readonly module: string;
  readonly record: ModelRecord;
}

/** What the installer knows; the store adds the rest. */
export type RecordFacts = Omit<ModelRecord, 'format' | 'name' | 'version' | 'order' | 'id' | 'installedAt'>;

/** File names inside a version's folder. */
export const onnxFile = 'model.onnx';
export const sidecarFile = 'model.onbox.json';
/** Until it is installed; then `moduleFolderOf`. */
export const moduleFolder = 'module';
const recordFile = 'record.json';
const withdrawnEnding = '.withdrawn';

/** How often an install looks for a free version number before it gives up; each miss means another install won the race. */
const installAttemptsMax = 20;

export class ModelStore {
  readonly home: string;
  /** The current version of models, each with the state that the model's folder had before it was looked into. */
  private readonly current = new Map<string, { readonly state: string; readonly model: StoredModel }>();

  constructor(home: string) {
    this.home = home;
  }

  /**
   * Makes the folders and clears what processes that are gone left behind. A home that cannot be written is left as it is: what is
   * installed there can still be served.
   */
  async prepare(): Promise<void> {
    try {
      for (const area of ['models', 'staging', 'trash']) await makeFolder(this.path(area));
    } catch (error) {
      throw asStorageError(error, `the folder ${this.home} cannot be made`);
    }
    try {
      await clearTemporary(this.home);
      for (const area of ['staging', 'trash']) {
        for (const entry of await readdir(this.path(area))) {
          if (!isOwnerAlive(entry)) await rm(this.path(area, entry), { recursive: true, force: true });
        }
      }
    } catch (error) {
      if (asStorageError(error, '') === error) throw error;
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
    for (;;) {
      // Every request comes here, so what is known costs one look at the disk.
      const state = stateOf(this.path('models', name));
      const known = this.current.get(name);
      if (known !== undefined && known.state === state) return known.model;
      const version = this.currentVersion(name);
      const folder = this.path('models', name, String(version));
      const record = await this.readRecord(folder, name, version);
      if (record === undefined) continue;
      const model = modelIn(folder, record);
      if (state === undefined) this.current.delete(name);
      else this.current.set(name, { state, model });
      return model;
    }
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
    try {
      await writeDefault(this.home, model.record.task, name);
    } catch (error) {
      throw asStorageError(error, `"${name}" cannot be made the default`);
    }
  }

  /** Whose module a folder is that this store gave out. */
  ownerOf(module: string): { readonly name: string; readonly version: number } {
    const [name = '', version = ''] = relative(this.path('models'), module).split('/');
    return { name, version: Number(version) };
  }

  /**
   * A new folder in which a version is put together. The caller installs it or calls `discard`.
   * @throws OnboxError of asStorageError
   */
  async stage(): Promise<string> {
    try {
      return await this.reserve('staging');
    } catch (error) {
      throw asStorageError(error, 'a model cannot be stored');
    }
  }

  /** Removes a staging folder if that is possible; the next start removes what stays. */
  async discard(staging: string): Promise<void> {
    await rm(staging, { recursive: true, force: true }).catch(() => undefined);
  }

  /**
   * Turns a staging folder with model.onnx and module/ into the current version of `name` by one rename. The version before it stays,
   * so that whoever still runs it is not cut off; older ones go.
   * @throws OnboxError `name-invalid`, `model-busy`, of asStorageError
   */
  async install(staging: string, name: string, facts: RecordFacts): Promise<StoredModel> {
    requireModelName(name);
    try {
      const model = await this.moveIn(staging, name, facts);
      // It is installed; what cannot be cleared away now goes with the next one.
      await this.prune(name, model.version).catch(() => undefined);
      return model;
    } catch (error) {
      throw asStorageError(error, `"${name}" cannot be installed`);
    }
  }

  /**
   * Takes a version back, so that the one before it answers again. Its files go with the next install.
   * @returns what answers from now on; undefined if `version` is not the current one, or the only one
   * @throws OnboxError `name-invalid`, of asStorageError
   */
  async withdraw(name: string, version: number): Promise<StoredModel | undefined> {
    requireModelName(name);
    const versions = this.versions(name);
    if (versions.at(-1) !== version || versions.length < 2) return undefined;
    const folder = this.path('models', name, String(version));
    try {
      await rename(folder, `${folder}${withdrawnEnding}`);
      await syncPath(this.path('models', name));
    } catch (error) {
      throw asStorageError(error, `version ${version} of "${name}" cannot be withdrawn`);
    }
    return await this.find(name);
  }

  /**
   * Deletes a model with all its versions.
   * @throws OnboxError `name-invalid`, `model-missing`
   */
  async remove(name: string): Promise<void> {
    requireModelName(name);
    try {
      await this.throwAway(this.path('models', name));
      await syncPath(this.path('models'));
    } catch (cause) {
      if (fileErrorCode(cause) === 'ENOENT') throw missing(name, cause);
      throw asStorageError(cause, `"${name}" cannot be removed`);
    } finally {
      this.current.delete(name);
    }
  }

  private async moveIn(staging: string, name: string, facts: RecordFacts): Promise<StoredModel> {
    const id = randomBytes(16).toString('hex');
    await rename(join(staging, moduleFolder), join(staging, moduleFolderOf(id)));
    for (let attempt = 0; attempt < installAttemptsMax; attempt++) {
      await makeFolder(this.path('models', name));
      const version = Math.max(0, ...this.numbersUsed(name)) + 1;
      const record: ModelRecord = {
        ...facts,
        format: recordFormat,
        name,
        version,
        order: await this.orderOf(name),
        id,
        installedAt: new Date().toISOString(),
      };
      await writeFileAtomic(join(staging, recordFile), `${JSON.stringify(record, null, 2)}\n`);
      await syncTree(staging);
      const folder = this.path('models', name, String(version));
      try {
        await rename(staging, folder);
        await syncPath(this.path('models', name));
        return modelIn(folder, record);
      } catch (error) {
        // The number is taken (another install was quicker), or the model was removed in between: look again.
        if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(fileErrorCode(error) ?? '')) throw error;
      }
    }
    throw new OnboxError(`model "${name}" is being installed or removed by others all the time`, { code: 'model-busy' });
  }

  /** The model's own number if the name is installed already, else the next one. */
  private async orderOf(name: string): Promise<number> {
    const { models } = await this.list();
    const own = models.find((model) => model.name === name);
    return own?.record.order ?? Math.max(0, ...models.map(({ record }) => record.order ?? 0)) + 1;
  }

  /** Removes what is older than the version before `installed`, and what was withdrawn. */
  private async prune(name: string, installed: number): Promise<void> {
    const before = this.versions(name)
      .filter((version) => version < installed)
      .at(-1);
    for (const entry of this.entries(name)) {
      const isOld = before !== undefined && entry.version < before;
      if (!isOld && !(entry.isWithdrawn && entry.version < installed)) continue;
      const folder = this.path('models', name, entry.name);
      // A folder that is half deleted must not be taken for a version.
      await this.throwAway(folder).catch((error: unknown) => {
        if (fileErrorCode(error) !== 'ENOENT') throw error;
      });
    }
  }

  /** Deletes a folder that others look into: in one step for them. */
  private async throwAway(folder: string): Promise<void> {
    const trash = await this.reserve('trash');
    try {
      await rename(folder, join(trash, 'gone'));
    } finally {
      await rm(trash, { recursive: true, force: true });
    }
  }

  private currentVersion(name: string): number {
    const version = this.versions(name).at(-1);
    if (version === undefined) throw missing(name, undefined);
    return version;
  }

  /** @returns undefined if the version was replaced meanwhile */
  private async readRecord(folder: string, name: string, version: number): Promise<ModelRecord | undefined> {
    let text: string;
    try {
      text = await readFile(join(folder, recordFile), 'utf8');
    } catch (cause) {
      // A model that was removed between the two reads is missing, not damaged.
      if (this.currentVersion(name) !== version) return undefined;
      throw new OnboxError(`the record of model "${name}" version ${version} cannot be read`, {
        code: 'record-damaged',
        cause,
      });
    }
    return parseRecord(text, name, version);
  }

  private async names(): Promise<string[]> {
    const entries = await readdir(this.path('models'), { withFileTypes: true }).catch(emptyIfMissing);
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  }

  /** Version numbers that may answer, lowest first. */
  private versions(name: string): number[] {
    const entries = this.entries(name);
    return entries.flatMap(({ version, isWithdrawn }) => (isWithdrawn ? [] : [version])).sort((a, b) => a - b);
  }

  private numbersUsed(name: string): number[] {
    return this.entries(name).map(({ version }) => version);
  }

  private entries(name: string): { name: string; version: number; isWithdrawn: boolean }[] {
    // At once: what is looked up for every request lies in the system's memory, and the way through a pool of threads is twenty times as long.
    const names = listSync(this.path('models', name));
    return names.flatMap((entry) => {
      const match = /^([1-9][0-9]{0,14})(\.withdrawn)?$/.exec(entry);
      return match === null ? [] : [{ name: entry, version: Number(match[1]), isWithdrawn: match[2] !== undefined }];
    });
  }

  private async reserve(area: 'staging' | 'trash'): Promise<string> {
    const folder = this.path(area, `${ownerToken()}-${randomBytes(8).toString('hex')}`);
    await mkdir(folder, { recursive: true, mode: 0o750 });
    return folder;
  }

  private path(...parts: readonly string[]): string {
    return join(this.home, ...parts);
  }
}

function modelIn(folder: string, record: ModelRecord): StoredModel {
  const { name, version } = record;
  return { name, version, folder, onnx: join(folder, onnxFile), module: join(folder, moduleFolderOf(record.id)), record };
}

/** Within the folder of a version that is installed. */
function moduleFolderOf(id: string | undefined): string {
  return id === undefined ? moduleFolder : `${moduleFolder}-${id}`;
}

/** The system's clock of files moves in steps of up to 10 ms; within one, two changes look like one. */
const clockStepMs = 50;

/**
 * Another folder under the same path, and one in which something was put, renamed or removed, has another.
 * @returns undefined if the folder changed so lately that it may change again and look the same
 */
function stateOf(folder: string): string | undefined {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined || Date.now() - stats.ctimeMs < clockStepMs) return undefined;
  return `${stats.ino} ${stats.ctimeMs}`;
}

function missing(name: string, cause: unknown): OnboxError {
  return new OnboxError(`there is no model "${name}"`, { code: 'model-missing', cause });
}

function listSync(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    return emptyIfMissing(error);
  }
}

function emptyIfMissing(error: unknown): [] {
  if (['ENOENT', 'ENOTDIR'].includes(fileErrorCode(error) ?? '')) return [];
  throw error;
}
