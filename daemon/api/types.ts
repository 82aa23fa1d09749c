// What goes over the wire: requests' options and answers of every route under /v1. JSON, lengths in pixels, times in ms.

import type { ClassifiedClass, DetectedObject, Task } from '../../runtime/index.js';

/** Where the time of a request went. */
export interface Timings {
  readonly decode: number;
  /** Waiting for the engine and for its device. */
  readonly queue: number;
  readonly infer: number;
  readonly post: number;
}

export interface DetectAnswer {
  readonly model: string;
  readonly version: number;
  readonly image: { readonly width: number; readonly height: number };
  /** Most confident first. */
  readonly objects: readonly DetectedObject[];
  readonly ms: Timings;
}

/** What a frame of a stream is answered with. */
export interface FrameAnswer extends DetectAnswer {
  /** The part of `ms.decode` in which the picture was fitted to the model, in ms. */
  readonly pre: number;
}

/** What a stream says first of the model that looks at its frames. */
export interface StreamedModel {
  readonly name: string;
  readonly version: number;
  readonly device: string;
  /** In pixels. */
  readonly input: { readonly w: number; readonly h: number } | null;
}

export interface ClassifyAnswer {
  readonly model: string;
  readonly version: number;
  readonly classes: readonly ClassifiedClass[];
  readonly ms: Timings;
}

/** A tensor's name, dtype and shape. */
export interface TensorFacts {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export interface ModelSummary {
  readonly name: string;
  readonly version: number;
  readonly task: Task;
  /** True for the model that answers requests of its task that name none. */
  readonly default: boolean;
  readonly installedAt: string;
}

/** A model whose files cannot be read; it is listed so that its owner sees why it does not answer. */
export interface DamagedModel {
  readonly name: string;
  readonly error: ErrorFacts;
}

export interface ModelList {
  readonly models: readonly ModelSummary[];
  readonly damaged: readonly DamagedModel[];
}

export interface ModelDetail extends ModelSummary {
  readonly digest: string;
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  readonly labels: readonly string[];
  readonly head: string | null;
  readonly device: string;
  readonly report: Readonly<Record<string, unknown>>;
}

export interface Health {
  readonly status: 'ok' | 'starting';
  readonly version: string;
  readonly engine: { readonly ready: boolean; readonly restarts: number; readonly queued: number; readonly running: number };
  readonly jobs: { readonly running: number; readonly queued: number };
  readonly uptimeSeconds: number;
}

/** What does not work, why, and what its owner can do. */
export interface Complaint {
  readonly problem: string;
  readonly cure: string;
}

export interface HealthReport extends Health {
  readonly devices: readonly ({ readonly device: string; readonly ok: boolean } & Partial<Complaint>)[];
  /** Left out for those who do not bear the key where one is asked for. */
  readonly models?: readonly ({ readonly name: string; readonly ok: boolean } & Partial<Complaint>)[];
}

export interface ErrorFacts {
  /** Kebab-case and stable, for programs. */
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface ErrorBody {
  readonly error: ErrorFacts;
}
