// What the supervisor and the engine child say to each other over the child's IPC channel (structured clone, so bytes stay bytes).

import type {
  ClassifiedClass,
  ClassifyOptions,
  DetectedObject,
  DetectOptions,
  Dtype,
  PictureSource,
  Shape,
} from '../../runtime/index.js';
import type { ErrorFacts, Timings } from '../api/types.js';
import type { Packed } from './shared-bytes.js';

/** One piece of work. Each may be repeated without harm, because a killed child's work is given to the next one. */
export type Work =
  | {
      readonly kind: 'detect';
      readonly module: string;
      readonly image: PictureSource;
      readonly options: Partial<DetectOptions>;
    }
  | { readonly kind: 'classify'; readonly module: string; readonly image: Uint8Array; readonly options: ClassifyOptions }
  /** Runs tensors, or one encoded picture, through a module. Without names in `outputs`, all of them are answered. */
  | {
      readonly kind: 'tensors';
      readonly module: string;
      readonly inputs: readonly EngineInput[];
      readonly outputs: readonly string[];
    }
  /** Opens a module, so that the first request does not wait for it and damage shows early. */
  | { readonly kind: 'open'; readonly module: string }
  /** Closes a module that was replaced or removed. */
  | { readonly kind: 'release'; readonly module: string };

/** Elements row-major, little-endian. */
export interface TensorBytes {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly bytes: Uint8Array;
}

/** A tensor, or a JPEG, PNG or WebP file for the one input of a model that takes pictures. */
export type EngineInput = TensorBytes | { readonly name: string; readonly image: Uint8Array };

/** What the picture was: jpeg, png, webp, nv12 or rgb24; undefined if there was none. */
interface OfPicture {
  readonly format?: string | undefined;
}

export interface Computed extends OfPicture {
  readonly outputs: readonly TensorBytes[];
  readonly ms: Timings;
}

export interface Detected extends OfPicture {
  readonly image: { readonly width: number; readonly height: number };
  readonly objects: readonly DetectedObject[];
  readonly ms: Timings;
  /** The part of `ms.decode` in which the picture was fitted to the model. */
  readonly pre: number;
}

export interface Classified extends OfPicture {
  readonly classes: readonly ClassifiedClass[];
  readonly ms: Timings;
}

/** What each kind of work answers with. */
export interface Answers {
  readonly detect: Detected;
  readonly classify: Classified;
  readonly tensors: Computed;
  readonly open: null;
  readonly release: null;
}

export type AnswerOf<W extends Work> = Answers[W['kind']];
export type Answer = Answers[Work['kind']];

/** The child's numbers of the files in which large bytes of work and of answers lie: behind those of the terminal and the channel. */
export const workFd = 4;
export const answersFd = 5;

export type ToChild =
  | { readonly id: number; readonly work: Packed<Work> }
  /** The answer to that work was read: its place is free. */
  | { readonly read: number };

/** A model that is open in the child. */
export interface LoadedModel {
  readonly module: string;
  /** Its weights and its arena. */
  readonly bytes: number;
  readonly loadMs: number;
  /** Milliseconds since the epoch. */
  readonly loadedAt: number;
  /** Of a model with regions on an NPU. */
  readonly npu?: NpuHealth;
}

/** Regions of a model on an NPU. */
export interface NpuHealth {
  readonly regions: number;
  /** Why the CPU answers for some of them, once for each of these. */
  readonly reasons: readonly string[];
}

/** What is open, and how much may be. */
export interface Loaded {
  readonly models: readonly LoadedModel[];
  /** Memory of all together. */
  readonly bytesMax: number;
  /** How long a model that nobody uses stays, in ms; null: until its place is needed. */
  readonly keepAliveMs: number | null;
}

export type FromChild =
  | { readonly kind: 'ready' }
  /** Sent whenever a model was opened or closed, or an NPU failed one. */
  | { readonly kind: 'loaded'; readonly loaded: Loaded }
  | { readonly kind: 'done'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ErrorFacts };

/** The same on its way: large bytes of an answer may lie in the file of answers, and are to be read there. */
export type SentByChild =
  | Exclude<FromChild, { readonly kind: 'done' }>
  | { readonly kind: 'done'; readonly id: number; readonly answer: Packed<Answer>; readonly isStored: boolean };
