// How often each model was asked since the start and where the time went, as every protocol's statistics and metrics tell it.

import { statusOf } from './api/errors.js';
import type { Timings } from './api/types.js';

/** A number of samples and the sum of their durations. */
export interface Duration {
  readonly count: number;
  readonly ms: number;
}

export type Phase = 'success' | 'fail' | 'queue' | 'decode' | 'infer' | 'post';

export type ModelStatistics = Readonly<Record<Phase, Duration>> & {
  readonly failures: Readonly<Record<FailureReason, number>>;
  /** Milliseconds since the epoch; 0 if there was none. */
  readonly lastInference: number;
};

/** Triton's: no place in the queue, nobody waits any more, the engine failed, or the request itself was wrong. */
export type FailureReason = 'REJECTED' | 'CANCELED' | 'BACKEND' | 'OTHER';

/** Why a frame was left out: a newer one came, there was no place for it, or it is no picture. */
export type DropReason = 'late' | 'queue' | 'decode';

export type StreamStatistics = Readonly<Record<'framesIn' | 'framesOut' | DropReason, number>>;

/** What kind of thing ran a model. */
export type DeviceKind = 'cpu' | 'gpu' | 'npu';

/** One answer, for whoever counts more of it than `Statistics` does. */
export interface Answered {
  readonly model: string;
  readonly device: DeviceKind;
  readonly ms: Timings;
  /** Of the picture that was decoded; undefined if there was none. */
  readonly format: string | undefined;
  /** How many objects were found; undefined for what detects none. */
  readonly objects: number | undefined;
}

const quiet: StreamStatistics = { framesIn: 0, framesOut: 0, late: 0, queue: 0, decode: 0 };
const nothing: Duration = { count: 0, ms: 0 };
const fresh: ModelStatistics = {
  success: nothing,
  fail: nothing,
  queue: nothing,
  decode: nothing,
  infer: nothing,
  post: nothing,
  failures: { REJECTED: 0, CANCELED: 0, BACKEND: 0, OTHER: 0 },
  lastInference: 0,
};

/** Counts by model; a new version starts anew and an old one is forgotten, so that there is one entry a model. */
export class Statistics {
  /** When any model last answered, on the clock of performance.now(), which no one sets back. */
  lastAnswerAt = 0;
  /** Told of every answer. */
  onAnswer: (answered: Answered) => void = () => undefined;
  private readonly streams = new Map<string, StreamStatistics>();
  private readonly models = new Map<string, { readonly version: number; readonly counted: ModelStatistics }>();

  of(name: string, version: number): ModelStatistics {
    const found = this.models.get(name);
    return found?.version === version ? found.counted : fresh;
  }

  /** @param elapsedMs of the whole request, waiting included */
  succeeded(name: string, version: number, ms: Timings, elapsedMs: number): void {
    this.lastAnswerAt = performance.now();
    const before = this.of(name, version);
    const counted: ModelStatistics = {
      ...before,
      success: add(before.success, elapsedMs),
      queue: add(before.queue, ms.queue),
      decode: add(before.decode, ms.decode),
      infer: add(before.infer, ms.infer),
      post: add(before.post, ms.post),
      lastInference: Date.now(),
    };
    this.models.set(name, { version, counted });
  }

  /** @param code of the error */
  failed(name: string, version: number, code: string, elapsedMs: number): void {
    const before = this.of(name, version);
    const reason = reasonOf(code);
    const failures = { ...before.failures, [reason]: before.failures[reason] + 1 };
    this.models.set(name, { version, counted: { ...before, fail: add(before.fail, elapsedMs), failures } });
  }

  /** Of all streams of a model since the start. */
  streamed(name: string): StreamStatistics {
    return this.streams.get(name) ?? quiet;
  }

  frameIn(name: string): void {
    const before = this.streamed(name);
    this.streams.set(name, { ...before, framesIn: before.framesIn + 1 });
  }

  frameOut(name: string): void {
    const before = this.streamed(name);
    this.streams.set(name, { ...before, framesOut: before.framesOut + 1 });
  }

  dropped(name: string, reason: DropReason): void {
    const before = this.streamed(name);
    this.streams.set(name, { ...before, [reason]: before[reason] + 1 });
  }

  forget(name: string): void {
    this.streams.delete(name);
    this.models.delete(name);
  }
}

function reasonOf(code: string): FailureReason {
  if (code === 'queue-full' || code === 'memory-full' || code === 'engine-stopped') return 'REJECTED';
  if (code === 'request-cancelled') return 'CANCELED';
  return statusOf(code) >= 500 ? 'BACKEND' : 'OTHER';
}

function add({ count, ms }: Duration, sample: number): Duration {
  return { count: count + 1, ms: ms + sample };
}
