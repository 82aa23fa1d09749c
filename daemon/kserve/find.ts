// The model that a path names, in Triton's words where there is none, and which models were unloaded.

import { errorCode, OnboxError } from '../../runtime/index.js';
import type { Service } from '../service.js';
import { identityOf } from '../store/record.js';
import type { StoredModel } from '../store/store.js';
import { clip } from './errors.js';

/** Models that a client unloaded: they answer no KServe request until they are loaded, or installed anew. */
export class LoadStates {
  /** What was unloaded, by name: whatever is installed after it is ready again. */
  private readonly unloaded = new Map<string, string>();

  unload(model: StoredModel): void {
    this.unloaded.set(model.name, identityOf(model.record));
  }

  load(name: string): void {
    this.unloaded.delete(name);
  }

  isUnloaded({ name, record }: StoredModel): boolean {
    return this.unloaded.get(name) === identityOf(record);
  }
}

/**
 * The model of that name, loaded or not. Versions are digits; the current one is the only one that is served.
 * @throws OnboxError `model-unknown`, `version-unknown`, `route-unknown`, `record-damaged`
 */
export async function findModel(service: Service, name: string, version: string | undefined): Promise<StoredModel> {
  if (version !== undefined && !/^[0-9]+$/.test(version)) {
    throw new OnboxError('a version is a number', { code: 'route-unknown' });
  }
  const model = await service.find(name).catch((cause: unknown) => {
    if (!['model-missing', 'name-invalid'].includes(errorCode(cause))) throw cause;
    throw unknownModel(name, cause);
  });
  if (version === undefined || version === String(model.version)) return model;
  throw new OnboxError(`Request for unknown model: '${name}' version ${clip(version)} is not found`, {
    code: 'version-unknown',
  });
}

export function unknownModel(name: string, cause: unknown): OnboxError {
  return new OnboxError(`Request for unknown model: '${clip(name)}' is not found`, { code: 'model-unknown', cause });
}

/** As findModel, and the model is loaded. @throws OnboxError `model-unloaded` */
export async function findLoaded(
  service: Service,
  states: LoadStates,
  name: string,
  version: string | undefined,
): Promise<StoredModel> {
  const model = await findModel(service, name, version);
  if (!states.isUnloaded(model)) return model;
  throw new OnboxError(`Request for unknown model: '${name}' has no available versions`, { code: 'model-unloaded' });
}
