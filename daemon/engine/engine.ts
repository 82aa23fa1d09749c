// The supervisor's side of the engine: a bounded queue, the table of what is in flight, and the promise that killing the
// child loses no request.

import { OnboxError } from '../../runtime/index.js';
import { errorFrom } from '../api/errors.js';
import type { Log } from '../log.js';
import type { Answer, AnswerOf, FromChild, Work } from './messages.js';
import { type ChildOptions, EngineProcess } from './process.js';

export interface EngineOptions {
  readonly child: ChildOptions;
  readonly log: Log;
  /** Requests that may wait; one more is refused. */
  readonly queueMax: number;
  /** Requests inside the child at once: enough to decode one picture while another runs. */
  readonly runningMax: number;
  /** Longest life of a request, waiting included, in ms. */
  readonly deadlineMs: number;
}

export const engineDefaults = { queueMax: 256, runningMax: 4, deadlineMs: 30_000 } as const;

export interface EngineState {
  readonly ready: boolean;
  readonly restarts: number;
  readonly queued: number;
  readonly running: number;
  readonly pid: number | undefined;
}

interface Request {
  readonly id: number;
  readonly work: Work;
  /** True once a child died while it ran. */
  isSuspect: boolean;
  /** How many children died while it ran alone. */
  deaths: number;
  /** When it entered the queue and when it was last given to a child, in ms. */
  readonly arrived: number;
  sent: number;
  readonly timer: NodeJS.Timeout;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
  /** Ends the wait for the caller's signal. */
  forget(): void;
}

/** A request that was alone with so many dying children is taken for the cause. */
const deathsMax = 3;

export class Engine {
  private readonly options: EngineOptions;
  private readonly process: EngineProcess;
  private readonly waiting: Request[] = [];
  private readonly running = new Map<number, Request>();
  private ready = false;
  private stopped = false;
  private lastId = 0;

  constructor(options: EngineOptions) {
    this.options = options;
    this.process = new EngineProcess(
      options.child,
      { onReady: () => this.onReady(), onMessage: (message) => this.onMessage(message), onExit: () => this.onExit() },
      options.log,
    );
  }

  start(): void {
    this.process.start();
  }

  /** Ends the child. What was not answered is refused with `engine-stopped`. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const request of [...this.waiting, ...this.running.values()]) {
      this.settle(request, () => request.reject(new OnboxError('onbox is stopping', { code: 'engine-stopped' })));
    }
    await this.process.stop();
  }

  /** Resolves when nothing waits and nothing runs, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (this.waiting.length + this.running.size > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  get state(): EngineState {
    const { restarts, pid } = this.process;
    return { ready: this.ready, restarts, queued: this.waiting.length, running: this.running.size, pid };
  }

  /**
   * Runs one piece of work in the child.
   * @param signal drops the work, or its answer, when nobody waits for it any more
   * @throws OnboxError `queue-full`, `deadline-exceeded`, `engine-crashed`, `engine-stopped`, or what the child threw
   */
  async run<W extends Work>(work: W, signal?: AbortSignal): Promise<AnswerOf<W>> {
    if (this.stopped) throw new OnboxError('onbox is stopping', { code: 'engine-stopped' });
    if (this.waiting.length >= this.options.queueMax) {
      throw new OnboxError(`the queue is full: ${this.options.queueMax} requests wait`, { code: 'queue-full' });
    }
    if (signal?.aborted === true) throw cancelled();
    return await new Promise<AnswerOf<W>>((resolve, reject) => {
      const id = ++this.lastId;
      // Taken off again, because a stream's signal outlives thousands of requests.
      const onAbort = (): void => this.drop(request);
      const request: Request = {
        id,
        work,
        isSuspect: false,
        deaths: 0,
        arrived: performance.now(),
        sent: 0,
        timer: setTimeout(() => this.onDeadline(request), this.options.deadlineMs),
        resolve: (answer) => resolve(answer as AnswerOf<W>),
        reject,
        forget: () => signal?.removeEventListener('abort', onAbort),
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(request);
      this.pump();
    });
  }

  private pump(): void {
    while (this.ready) {
      const next = this.waiting[0];
      if (next === undefined || this.running.size >= this.capacity(next)) return;
      this.waiting.shift();
      next.sent = performance.now();
      this.running.set(next.id, next);
      this.process.send({ id: next.id, work: next.work });
    }
  }

  /** A request that was there when a child died runs alone: if it is the cause, it takes no other down with it again. */
  private capacity(next: Request): number {
    const suspect = next.isSuspect || [...this.running.values()].some((request) => request.isSuspect);
    return suspect ? 1 : this.options.runningMax;
  }

  private onReady(): void {
    this.ready = true;
    this.pump();
  }

  private onMessage(message: Exclude<FromChild, { kind: 'ready' }>): void {
    const request = this.running.get(message.id);
    if (request === undefined) return;
    this.settle(request, () => {
      if (message.kind === 'done') request.resolve(withQueueTime(message.answer, request.sent - request.arrived));
      else request.reject(errorFrom(message.error));
    });
    this.pump();
  }

  private onExit(): void {
    this.ready = false;
    const lost = [...this.running.values()];
    this.running.clear();
    for (const request of lost) {
      request.isSuspect = true;
      // A death in company proves nothing against one of them.
      if (lost.length === 1) request.deaths++;
    }
    for (const request of lost.filter(({ deaths }) => deaths >= deathsMax)) {
      this.settle(request, () =>
        request.reject(
          new OnboxError(`the engine died ${deathsMax} times while it worked on this request alone`, {
            code: 'engine-crashed',
          }),
        ),
      );
    }
    this.waiting.unshift(...lost.filter(({ deaths }) => deaths < deathsMax));
  }

  private onDeadline(request: Request): void {
    const isRunning = this.running.has(request.id);
    const ranMs = performance.now() - request.sent;
    this.settle(request, () =>
      request.reject(new OnboxError(`no answer within ${this.options.deadlineMs / 1000} s`, { code: 'deadline-exceeded' })),
    );
    // A request that only waited too long says nothing about the child; one that ran for most of its life does.
    if (!isRunning || ranMs < this.options.deadlineMs / 2) return;
    this.options.log('engine-hangs', { work: request.work.kind, ranMs: Math.round(ranMs) });
    this.process.kill();
  }

  /** Nobody waits for the request: it leaves the queue, or its answer goes nowhere. */
  private drop(request: Request): void {
    const index = this.waiting.indexOf(request);
    if (index < 0) return;
    this.settle(request, () => request.reject(cancelled()));
  }

  private settle(request: Request, tell: () => void): void {
    clearTimeout(request.timer);
    request.forget();
    this.running.delete(request.id);
    const index = this.waiting.indexOf(request);
    if (index >= 0) this.waiting.splice(index, 1);
    tell();
  }
}

function cancelled(): OnboxError {
  return new OnboxError('the client went away', { code: 'request-cancelled' });
}

function withQueueTime(answer: Answer, waitedMs: number): Answer {
  if (answer === null) return answer;
  const ms = { ...answer.ms, queue: answer.ms.queue + waitedMs };
  return { ...answer, ms };
}
