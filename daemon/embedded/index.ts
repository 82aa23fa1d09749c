// The demonstration models that come with onbox, so that the first run needs no download.

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../runtime/index.js';
import { packageFolder } from '../root.js';
import type { ModelStore } from '../store/store.js';

export interface EmbeddedModel {
  readonly name: string;
  /** Path of the ONNX file; its sidecar lies beside it. */
  readonly onnx: string;
}

/** What comes with onbox. */
export function embeddedModels(): EmbeddedModel[] {
  return [
    { name: sampleModel, onnx: embeddedPath('shapes-detector.onnx') },
    { name: 'shapes-classify', onnx: embeddedPath('shapes-classifier.onnx') },
  ];
}

/** Those of `models` that the store lacks. A model that was removed on purpose comes back at the next start. */
export async function missingEmbedded(store: ModelStore, models: readonly EmbeddedModel[]): Promise<EmbeddedModel[]> {
  const missing: EmbeddedModel[] = [];
  for (const model of models) {
    if ((await exists(model.onnx)) && !(await isInstalled(store, model.name))) missing.push(model);
  }
  return missing;
}

/** The embedded detector. */
export const sampleModel = 'shapes';

/** A picture of shapes to try it on. */
export function samplePicture(): string {
  return embeddedPath('sample.png');
}

function embeddedPath(file: string): string {
  return join(packageFolder(), 'daemon', 'embedded', file);
}

async function isInstalled(store: ModelStore, name: string): Promise<boolean> {
  try {
    await store.find(name);
    return true;
  } catch (error) {
    if (['model-missing', 'record-damaged'].includes(errorCode(error))) return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
