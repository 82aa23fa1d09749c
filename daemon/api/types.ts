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

/** The answer to a picture of a tracking session. */
export interface TrackAnswer {
  readonly session: string;
  readonly model: string;
  readonly version: number;
  /** From 1. */
  readonly frame: number;
  readonly pts_us: number;
  readonly image: { readonly width: number; readonly height: number };
  readonly objects: readonly FollowedObject[];
  readonly events: readonly FollowedEvent[];
  readonly ms: Timings & { readonly track: number };
}

/** A tracking session, and how it looks. */
export interface TrackSessionFacts {
  readonly session: string;
  readonly model: string;
  readonly frames: number;
  readonly ttl_s: number;
  readonly ends_in_s: number;
  readonly min_confidence: number;
  /** Null: all. */
  readonly labels: readonly string[] | null;
  readonly zones: readonly object[];
  readonly lines: readonly object[];
}

/** A followed thing as it goes over the wire. */
export interface FollowedObject {
  readonly id: number;
  readonly label: string;
  readonly class: number;
  readonly confidence: number;
  /** Left, top, right, bottom in pixels of the frame. */
  readonly box: readonly number[];
  readonly landmarks?: readonly (readonly [number, number])[];
  /** Names of the zones that it is in. */
  readonly zones: readonly string[];
  readonly first_frame: number;
}

/** An event as it goes over the wire. */
export interface FollowedEvent {
  readonly event: 'new' | 'end' | 'enter' | 'leave' | 'cross';
  readonly frame: number;
  readonly track: number;
  readonly label: string;
  readonly zone?: string;
  readonly line?: string;
  readonly direction?: string;
  readonly dwell_s?: number;
  readonly counts?: object;
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

/** A model that is loaded. */
export interface LoadedModelFacts {
  readonly name: string;
  readonly version: number;
  /** Its weights and the arena of its tensors, in bytes. */
  readonly memory: number;
  /** Of opening it. */
  readonly loadMs: number;
  /** ISO 8601. */
  readonly loadedAt: string;
  readonly lastUsedAt: string;
  /** When it goes if nobody uses it; null: when its place is needed. */
  readonly expiresAt: string | null;
}

export interface LoadedList {
  /** Used last first. */
  readonly models: readonly LoadedModelFacts[];
  /** In bytes: of these models together, and what all that are loaded may take. */
  readonly memory: { readonly taken: number; readonly max: number };
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

export interface JobFacts {
  readonly id: string;
  readonly kind: 'compile' | 'tune';
  readonly model: string;
  readonly state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  /** True for a job whose process is gone; the next start of the daemon takes it up again. */
  readonly resumable?: boolean;
  readonly digest: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** That was installed; null if a search found nothing better. */
  readonly version?: number | null;
  readonly report?: Readonly<Record<string, unknown>>;
  readonly error?: ErrorFacts;
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
