// A model that looks at pictures: a session with what onbox knows of it. This is the image's whole way on one page: decode, fit, infer,
// read the head.

import { join } from 'node:path';
import { OnboxError } from '../core/error.js';
import type { Tensor } from '../core/tensor.js';
import { sizeFolder } from '../module/files.js';
import type { ImageInput, Manifest, Pixels } from '../module/manifest.js';
import { type OpenOptions, openSession, type Session } from '../module/session.js';
import { type DetectedObject, type DetectOptions, decodeObjects } from './boxes.js';
import { chooseSize } from './choose.js';
import { type ClassifiedClass, type ClassifyOptions, classifyDefaults, decodeClasses } from './classes.js';
import { decodePicture, type Picture, type PictureSize } from './image.js';
import { type FittedPicture, fitPicture } from './letterbox.js';

/** What a session of module/ must be able to do for a model. */
export interface PixelSession {
  readonly manifest: Manifest;
  /**
   * @param pixels [1,h,w,3] RGB of the manifest's image size, as fitPicture makes them
   * @returns views of the arena, valid until the next run
   */
  runPixels(pixels: Pixels): Promise<ReadonlyMap<string, Tensor>>;
  close(): void | Promise<void>;
}

/** Milliseconds of each part of the way. */
export interface VisionTimes {
  /** From bytes to pixels of the model's size. */
  readonly decode: number;
  /** The wait for the session, and the run. */
  readonly infer: number;
  /** The head, and suppression. */
  readonly post: number;
}

export interface Detection {
  /** Of the upright picture. */
  readonly image: PictureSize;
  readonly objects: readonly DetectedObject[];
  readonly ms: VisionTimes;
}

export interface Classification {
  /** Of the upright picture. */
  readonly image: PictureSize;
  readonly classes: readonly ClassifiedClass[];
  readonly ms: VisionTimes;
}

export interface VisionModel<S extends PixelSession = PixelSession> {
  /** Of several sizes, that of the first. */
  readonly session: S;
  /**
   * @param picture the bytes of a JPEG, PNG or WebP file, or what decodePicture made of them
   * @throws OnboxError of decodePicture and decodeObjects
   */
  detect(picture: Uint8Array | Picture, options?: Partial<DetectOptions>): Promise<Detection>;
  /** @throws OnboxError of decodePicture and decodeClasses */
  classify(picture: Uint8Array | Picture, options?: Partial<ClassifyOptions>): Promise<Classification>;
  /** Waits for the run in progress. */
  close(): Promise<void>;
}

/**
 * Opens a module folder as a model, with the modules for other sizes that lie in it.
 * @throws OnboxError of openSession
 */
export async function openModel(folder: string, options: OpenOptions = {}): Promise<VisionModel<Session>> {
  const first = await openSession(folder, options);
  const others: Session[] = [];
  try {
    for (let i = 1; i <= (first.manifest.otherSizes ?? 0); i++) {
      others.push(await openSession(join(folder, sizeFolder(i)), options));
    }
  } catch (error) {
    for (const session of [first, ...others]) session.close();
    throw error;
  }
  return visionModel(first, others);
}

/** Pictures of the model's size that a model keeps for reuse. */
const sparePixelsMax = 2;

/** A session, and pixels of its size that nobody reads any more: fresh memory costs as much as filling it. */
interface Sized<S> {
  readonly session: S;
  readonly image: ImageInput;
  readonly spare: Pixels[];
}

/**
 * The model that a session runs. Calls may overlap: pictures are decoded side by side, and take turns at the session.
 * @param others sessions of the same model for other sizes; each picture goes to the one that suits it best
 */
export function visionModel<S extends PixelSession>(session: S, others: readonly S[] = []): VisionModel<S> {
  const inTurn = turns();
  const all = [session, ...others];
  const sized = all.flatMap((each): Sized<S>[] => {
    const { image } = each.manifest;
    return image === undefined ? [] : [{ session: each, image, spare: [] }];
  });
  const images = sized.map(({ image }) => image);

  async function look<T>(
    picture: Uint8Array | Picture,
    read: (manifest: Manifest, outputs: ReadonlyMap<string, Tensor>, fitted: FittedPicture) => T,
  ): Promise<{ image: PictureSize; answer: T; ms: VisionTimes }> {
    const { name } = session.manifest;
    if (images.length === 0) throw new OnboxError(`model ${name} takes no picture`, { code: 'model-no-picture' });
    const start = performance.now();
    const decoded = 'data' in picture ? picture : await decodePicture(picture);
    const { session: chosen, image, spare } = sized[chooseSize(decoded, images)] as Sized<S>;
    const fitted = fitPicture(decoded, image, spare.pop());
    const ready = performance.now();
    // The outputs are views of the session's memory: the head reads them before the next picture has its turn.
    return await inTurn(async () => {
      const outputs = await chosen.runPixels(fitted.pixels);
      if (spare.length < sparePixelsMax) spare.push(fitted.pixels);
      const done = performance.now();
      const answer = read(chosen.manifest, outputs, fitted);
      const ms = { decode: ready - start, infer: done - ready, post: performance.now() - done };
      return { image: { width: decoded.width, height: decoded.height }, answer, ms };
    });
  }

  return {
    session,
    detect: async (picture, options) => {
      const { image, answer, ms } = await look(picture, (manifest, outputs, { placement }) =>
        decodeObjects(manifest, outputs, placement, options ?? {}),
      );
      return { image, objects: answer, ms };
    },
    classify: async (picture, options) => {
      const limits = { ...classifyDefaults, ...options };
      const { image, answer, ms } = await look(picture, (manifest, outputs) => decodeClasses(manifest, outputs, limits));
      return { image, classes: answer, ms };
    },
    close: () =>
      inTurn(async () => {
        for (const each of all) await each.close();
      }),
  };
}

/** Runs what it is given one after the other, in the order of the calls; a failure does not hold up the next. */
function turns(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const turn = last.then(task, task);
    last = turn;
    return turn;
  };
}
