// What the engine child does with a piece of work. Pictures are decoded side by side; the device runs one session at a time.

import {
  type ImageInput,
  type Picture,
  type PictureSource,
  type Pixels,
  sniffFormat,
  type VisionModel,
} from '../../runtime/index.js';
import { LoadedModels, type LoadOptions } from './loaded.js';
import type { Answer, Classified, Detected, LoadedModel, Work } from './messages.js';
import { pictureOf, runTensors, type TensorSession } from './tensors.js';

/** The part of a VisionModel that the engine uses. */
export type EngineModel = Pick<VisionModel, 'detect' | 'classify' | 'close'> & { readonly session: TensorSession };

/** What the engine needs of runtime/. */
export interface EngineRuntime {
  /** @param options.admit told how many bytes the model will take; what it throws keeps the model from being opened */
  openModel(
    folder: string,
    options: { readonly threads?: number; readonly admit?: (bytes: number) => Promise<void> },
  ): Promise<EngineModel>;
  decodePicture(source: PictureSource): Promise<Picture>;
  fitPicture(picture: Picture, image: ImageInput): { readonly pixels: Pixels };
}

/** How often it is looked for models that nobody uses, in ms. */
const expiryMs = 1000;

/**
 * Runs work of any kind. Answers in the order in which the device finished.
 * @param onLoaded told the open models whenever one was opened or closed
 */
export function createWorker(
  runtime: EngineRuntime,
  options: LoadOptions,
  onLoaded: (models: readonly LoadedModel[]) => void,
): (work: Work) => Promise<Answer> {
  const device = createLock();
  const models = new LoadedModels(runtime, options, onLoaded);
  if (options.keepAliveMs < Number.POSITIVE_INFINITY) {
    setInterval(() => void device(() => models.expire()), Math.min(expiryMs, options.keepAliveMs)).unref();
  }

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
      const answer = await run(model, picture, decoded - start, performance.now() - decoded);
      models.note(module);
      return answer;
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
            format: formatOf(work.image),
          };
        });
      case 'classify':
        return await withModel(work.image, work.module, async (model, picture, decode, queue): Promise<Classified> => {
          const { classes, ms } = await model.classify(picture, work.options);
          const times = { decode: decode + ms.decode, queue, infer: ms.infer, post: ms.post };
          return { classes, ms: times, format: formatOf(work.image) };
        });
      case 'tensors': {
        const start = performance.now();
        const picture = await pictureOf(work.inputs, runtime);
        const decoded = performance.now();
        return await device(async () => {
          const { session } = await models.open(work.module);
          const ready = performance.now();
          const { outputs, infer, post } = await runTensors(session, work, picture, runtime);
          models.note(work.module);
          const encoded = work.inputs.find((input) => 'image' in input);
          const format = encoded === undefined ? undefined : formatOf(encoded.image);
          return { outputs, ms: { decode: decoded - start, queue: ready - decoded, infer, post }, format };
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

function formatOf(source: PictureSource): string | undefined {
  return ArrayBuffer.isView(source) ? sniffFormat(source) : source.format;
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
