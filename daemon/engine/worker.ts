// What the engine child does with a piece of work. Pictures are decoded side by side; the device runs one session at a time.

import type { ImageInput, Picture, PictureSource, Pixels, VisionModel } from '../../runtime/index.js';
import type { Answer, Classified, Detected, Work } from './messages.js';
import { pictureOf, runTensors, type TensorSession } from './tensors.js';

/** The part of a VisionModel that the engine uses. */
export type EngineModel = Pick<VisionModel, 'detect' | 'classify' | 'close'> & { readonly session: TensorSession };

/** What the engine needs of runtime/. */
export interface EngineRuntime {
  openModel(folder: string, options: { readonly threads?: number }): Promise<EngineModel>;
  decodePicture(source: PictureSource): Promise<Picture>;
  fitPicture(picture: Picture, image: ImageInput): { readonly pixels: Pixels };
}

export interface WorkerOptions {
  /** Threads of a session; the runtime's own choice if undefined. */
  readonly threads: number | undefined;
  /** How many modules stay open; the one unused longest is closed. */
  readonly modelsMax: number;
}

/** Runs work of any kind. Answers in the order in which the device finished. */
export function createWorker(runtime: EngineRuntime, options: WorkerOptions): (work: Work) => Promise<Answer> {
  const device = createLock();
  const models = createModelCache(runtime, options);

  async function withModel<T>(
    image: PictureSource,
    module: string,
    run: (model: EngineModel, picture: Picture, decode: number, queue: number) => Promise<T>,
  ): Promise<T> {
    const start = performance.now();
    const picture = await runtime.decodePicture(image);
    const decoded = performance.now();
    return await device(async () => {
      const model = await models.open(module);
      return await run(model, picture, decoded - start, performance.now() - decoded);
    });
  }

  return async (work) => {
    switch (work.kind) {
      case 'detect':
        return await withModel(work.image, work.module, async (model, picture, decode, queue): Promise<Detected> => {
          const { objects, ms } = await model.detect(picture, work.options);
          const { width, height } = picture;
          return {
            image: { width, height },
            objects,
            ms: { decode: decode + ms.decode, queue, infer: ms.infer, post: ms.post },
            pre: ms.decode,
          };
        });
      case 'classify':
        return await withModel(work.image, work.module, async (model, picture, decode, queue): Promise<Classified> => {
          const { classes, ms } = await model.classify(picture, work.options);
          return { classes, ms: { decode: decode + ms.decode, queue, infer: ms.infer, post: ms.post } };
        });
      case 'tensors': {
        const start = performance.now();
        const picture = await pictureOf(work.inputs, runtime);
        const decoded = performance.now();
        return await device(async () => {
          const { session } = await models.open(work.module);
          const ready = performance.now();
          const { outputs, infer, post } = await runTensors(session, work, picture, runtime);
          return { outputs, ms: { decode: decoded - start, queue: ready - decoded, infer, post } };
        });
      }
      case 'open':
        await device(() => models.open(work.module));
        return null;
      case 'release':
        await device(() => models.close(work.module));
        return null;
    }
  };
}

interface ModelCache {
  open(module: string): Promise<EngineModel>;
  close(module: string): Promise<void>;
}

/** Open models by folder, used last at the end. Called only under the device lock, so that none is closed while it runs. */
function createModelCache(runtime: EngineRuntime, options: WorkerOptions): ModelCache {
  const models = new Map<string, EngineModel>();
  return {
    async open(module) {
      const found = models.get(module);
      const model =
        found ?? (await runtime.openModel(module, options.threads === undefined ? {} : { threads: options.threads }));
      models.delete(module);
      models.set(module, model);
      if (models.size > options.modelsMax) {
        const [oldest] = models.keys();
        if (oldest !== undefined) await this.close(oldest);
      }
      return model;
    },
    async close(module) {
      const model = models.get(module);
      models.delete(module);
      await model?.close();
    },
  };
}

/** A lock that runs one task after the other, in the order of the calls. */
export function createLock(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
}
