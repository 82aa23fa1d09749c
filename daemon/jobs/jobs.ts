// The queue of compile jobs: one runs, some wait, and two requests for the same thing share one job.

import { OnboxError } from '../../runtime/index.js';
import type { CompileProgress } from './messages.js';

export type Follow = (progress: CompileProgress) => void;

interface Job<T> {
  readonly result: Promise<T>;
  readonly followers: Set<Follow>;
}

export interface JobsOptions {
  /** Jobs that may wait while one runs. */
  readonly waitingMax: number;
}

export class Jobs<T> {
  private readonly options: JobsOptions;
  private readonly jobs = new Map<string, Job<T>>();
  private readonly stopper = new AbortController();
  private last: Promise<unknown> = Promise.resolve();
  private runningCount = 0;

  constructor(options: JobsOptions) {
    this.options = options;
  }

  get state(): { readonly running: number; readonly queued: number } {
    return { running: this.runningCount, queued: this.jobs.size - this.runningCount };
  }

  /**
   * Runs `task`, or follows the job with the same key if there is one. `isShared` tells the caller that its own `task` was
   * not used.
   * @throws OnboxError `jobs-full`, or what the task threw
   */
  async run(
    key: string,
    task: (progress: Follow, signal: AbortSignal) => Promise<T>,
    follow: Follow = () => undefined,
  ): Promise<{ readonly result: T; readonly isShared: boolean }> {
    const found = this.jobs.get(key);
    if (found !== undefined) {
      found.followers.add(follow);
      return { result: await found.result, isShared: true };
    }
    if (this.jobs.size > this.options.waitingMax) {
      throw new OnboxError(`${this.jobs.size} compile jobs are running or waiting already`, { code: 'jobs-full' });
    }
    const followers = new Set([follow]);
    const result = this.last.then(() => this.start(task, followers)).finally(() => this.jobs.delete(key));
    this.jobs.set(key, { result, followers });
    this.last = result.catch(() => undefined);
    return { result: await result, isShared: false };
  }

  /** Cancels everything and waits until it has ended. */
  async stop(): Promise<void> {
    this.stopper.abort();
    await this.last;
  }

  private async start(task: (progress: Follow, signal: AbortSignal) => Promise<T>, followers: Set<Follow>): Promise<T> {
    if (this.stopper.signal.aborted) throw new OnboxError('onbox is stopping', { code: 'engine-stopped' });
    this.runningCount++;
    try {
      return await task((progress) => {
        for (const follower of followers) follower(progress);
      }, this.stopper.signal);
    } finally {
      this.runningCount--;
    }
  }
}
