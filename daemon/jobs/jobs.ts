// The jobs of a daemon: those it is asked for, and those that a process before it did not end.

import { createHash } from 'node:crypto';
import { errorCode, errorMessage, OnboxError } from '../../runtime/index.js';
import type { Log } from '../log.js';
import { ownerToken } from '../store/owner.js';
import type { CompileOptions } from '../store/record.js';
import type { ModelStore } from '../store/store.js';
import { hasEnded, isAbandoned, type Job, JobBook, type JobRequest } from './book.js';
import { endOfJob, requireDone } from './follow.js';
import type { CompileProgress } from './messages.js';
import { type RunnerOptions, runJob } from './runner.js';

export type Follow = (progress: CompileProgress) => void;

export interface JobsOptions extends Pick<RunnerOptions, 'child' | 'parallel' | 'isBusy'> {
  readonly store: ModelStore;
  /** Jobs that may wait while others run. */
  readonly waitingMax: number;
  readonly log: Log;
  /** Told of every job that has ended well. */
  readonly onDone?: (job: Job) => void;
}

const kinds = ['compile', 'tune'] as const;

interface JobCounts {
  readonly kind: JobRequest['kind'];
  readonly running: number;
  readonly queued: number;
  /** Since the start of this process. */
  readonly finished: Readonly<Record<'done' | 'failed' | 'cancelled', number>>;
}

interface Running {
  readonly job: Job;
  readonly followers: Set<Follow>;
  readonly end: Promise<Job>;
}

/** Two requests for the same thing are one job. */
export function jobKey(kind: JobRequest['kind'], model: string, digest: string, options: CompileOptions): string {
  return createHash('sha256')
    .update(JSON.stringify([kind, model, digest, options]))
    .digest('hex');
}

export class Jobs {
  readonly book: JobBook;
  private readonly options: JobsOptions;
  /** Of this process and not ended, by key. */
  private readonly running = new Map<string, Running>();
  /** Those being written down, so that a second request in that moment finds them. */
  private readonly starting = new Map<string, Promise<Job>>();
  /** Of all that are at work, to their last write. */
  private readonly ends = new Set<Promise<Job>>();
  private readonly finished = { compile: { done: 0, failed: 0, cancelled: 0 }, tune: { done: 0, failed: 0, cancelled: 0 } };
  private readonly stopper = new AbortController();

  constructor(options: JobsOptions) {
    this.options = options;
    this.book = new JobBook(options.store);
  }

  /** Of this process, by kind: at work, waiting, and ended by how they ended. */
  get counts(): readonly JobCounts[] {
    const atWork = [...this.running.values()].map(({ job }) => job.kind);
    return kinds.map((kind) => {
      const here = atWork.filter((each, index) => each === kind && index < this.options.parallel).length;
      const all = atWork.filter((each) => each === kind).length;
      return { kind, running: here, queued: all - here, finished: this.finished[kind] };
    });
  }

  get state(): { readonly running: number; readonly queued: number } {
    const running = Math.min(this.running.size, this.options.parallel);
    return { running, queued: this.running.size - running };
  }

  /** Takes up what processes that are gone did not end. */
  async resume(): Promise<void> {
    for (const job of await this.book.list()) {
      if (!isAbandoned(job)) continue;
      if (job.isIdle === true) {
        await this.book.askToStop(job.id, 'cancel');
        continue;
      }
      this.options.log('job-resumed', { job: job.id, kind: job.kind, model: job.model });
      // Whoever follows it must not take it for abandoned any more once this returns.
      this.run(await this.book.update(job, { state: 'queued', owner: ownerToken() }));
    }
  }

  /**
   * Starts a job, or finds the one that does the same.
   * @param staging a staging folder with the model; it belongs to the jobs from here on
   * @throws OnboxError `jobs-full`, `engine-stopped`, of asStorageError
   */
  async start(request: JobRequest, staging: string): Promise<Job> {
    // Nothing is waited for between looking and starting, so that of two requests in one moment the second finds the first.
    const same = this.running.get(request.key)?.job ?? this.starting.get(request.key);
    const starting = same ?? this.begin(request, staging);
    if (same === undefined) this.starting.set(request.key, starting as Promise<Job>);
    try {
      return await starting;
    } finally {
      if (same === undefined) this.starting.delete(request.key);
      await this.options.store.discard(staging);
    }
  }

  private async begin(request: JobRequest, staging: string): Promise<Job> {
    if (this.stopper.signal.aborted) throw new OnboxError('onbox is stopping', { code: 'engine-stopped' });
    const count = this.running.size + this.starting.size;
    if (count >= this.options.waitingMax + this.options.parallel) {
      throw new OnboxError(`${count} jobs are running or waiting already`, { code: 'jobs-full' });
    }
    return (await this.book.findRunning(request.key)) ?? this.run(await this.book.create(request, staging)).job;
  }

  /**
   * Waits for the end of a job.
   * @throws OnboxError what it failed with
   */
  async end(job: Job, follow: Follow = () => undefined): Promise<Job> {
    const running = this.running.get(job.key);
    // A job of another process is followed like any other reader does it.
    if (running?.job.id !== job.id) return await endOfJob(this.book, job.id, () => undefined, this.stopper.signal);
    running.followers.add(follow);
    const ended = await running.end;
    if (!hasEnded(ended)) throw new OnboxError('onbox is stopping', { code: 'engine-stopped' });
    return requireDone(ended);
  }

  /** Leaves what runs for the next start, and waits until it stands still. */
  async stop(): Promise<void> {
    this.stopper.abort();
    await Promise.all(this.ends);
  }

  private run(job: Job): Running {
    const { store, child, parallel, isBusy, log, onDone } = this.options;
    const followers = new Set<Follow>();
    const onProgress = (progress: CompileProgress): void => {
      for (const follow of followers) follow(progress);
    };
    const onEnding = (): void => {
      // The same thing may have been asked for anew meanwhile.
      if (this.running.get(job.key)?.job.id === job.id) this.running.delete(job.key);
    };
    const busy = isBusy === undefined ? {} : { isBusy };
    const options = { store, book: this.book, child, parallel, onProgress, onEnding, ...busy };
    const end = runJob(options, job, this.stopper.signal)
      .then((ended) => {
        const { id, kind, model, state, version, error } = ended;
        log('job-ended', { job: id, kind, model, state, ...(version === undefined ? {} : { version }), ...codeOf(error) });
        if (state === 'done' || state === 'failed' || state === 'cancelled') this.finished[kind][state]++;
        if (state === 'done') onDone?.(ended);
        return ended;
      })
      .catch(async (error: unknown): Promise<Job> => {
        // The book itself cannot be written.
        log('job-lost', { job: job.id, code: errorCode(error), reason: errorMessage(error) });
        const facts = { code: errorCode(error), message: errorMessage(error) };
        return { ...job, state: 'failed', error: facts.code === 'internal' ? { ...facts, code: 'compile-failed' } : facts };
      })
      .finally(() => {
        onEnding();
        this.ends.delete(end);
      });
    this.ends.add(end);
    const running = { job, followers, end };
    this.running.set(job.key, running);
    return running;
  }
}

function codeOf(error: Job['error']) {
  return error === undefined ? {} : { code: error.code, reason: error.message };
}
