// The supervisor's side of the engine: bounded queues, the table of what is in flight, and the promise that killing the child loses
// no request.

import { OnboxError } from '../../runtime/index.js';
import { errorFrom } from '../api/errors.js';
import type { Log } from '../log.js';
import type { Answer, AnswerOf, FromChild, Loaded, Work } from './messages.js';
import { type ChildOptions, EngineProcess } from './process.js';
import { FairQueue, type Priority, type Queued, type Spent, usualPriority } from './queue.js';

export interface EngineOptions {
  readonly child: ChildOptions;
  readonly log: Log;
  /** Requests of one model that may wait; one more is refused. */
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

/** Work that is chosen when its turn has come, as the newest frame of a stream is. */
export interface LateWork<W extends Work> {
  readonly module: string;
  choose(): W;
}

/** How work waits for its turn. */
export interface Wait {
  /** Drops the work, or its answer, when nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
  /** Who asks: sources take turns at a model. */
  readonly source?: unknown;
  readonly priority?: Priority | undefined;
}

interface Request extends Queued {
  readonly id: number;
  readonly choose: () => Work;
  /** What was given to a child; it is given to the next one if that dies. */
  work: Work | undefined;
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
  private readonly queue = new FairQueue<Request>();
  private readonly running = new Map<number, Request>();
  private loadedNow: Loaded = { models: [], bytesMax: 0, keepAliveMs: null };
  /** When each open module was last used, in ms since the epoch. */
  private readonly usedAt = new Map<string, number>();
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
    for (const request of [...this.queue.all(), ...this.running.values()]) {
      this.settle(request, () => request.reject(new OnboxError('onbox is stopping', { code: 'engine-stopped' })));
    }
    await this.process.stop();
  }

  /** Resolves when nothing waits and nothing runs, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (this.queue.size + this.running.size > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  get state(): EngineState {
    const { restarts, pid } = this.process;
    return { ready: this.ready, restarts, queued: this.queue.size, running: this.running.size, pid };
  }

  /** The models that are open in the child. It says so by itself, so this is known also while it is busy. */
  get loaded(): Loaded {
    return this.loadedNow;
  }

  /** When a module that is open was last used, in ms since the epoch. */
  lastUseOf(module: string): number | undefined {
    return this.usedAt.get(module);
  }

  /**
   * Runs one piece of work in the child.
   * @throws OnboxError `queue-full` at once if the model has too much to do, `deadline-exceeded`, `engine-crashed`, `engine-stopped`,
   *   `request-cancelled`, or what the child threw
   */
  async run<W extends Work>(work: W | LateWork<W>, wait: Wait = {}): Promise<AnswerOf<W>> {
    const { signal, source, priority = usualPriority } = wait;
    if (this.stopped) throw new OnboxError('onbox is stopping', { code: 'engine-stopped' });
    const isHousekeeping = 'kind' in work && (work.kind === 'open' || work.kind === 'release');
    if (!isHousekeeping) this.requireRoom(work.module);
    if (signal?.aborted === true) throw cancelled();
    return await new Promise<AnswerOf<W>>((resolve, reject) => {
      const id = ++this.lastId;
      // Taken off again, because a stream's signal outlives thousands of requests.
      const onAbort = (): void => this.drop(request);
      const request: Request = {
        id,
        module: work.module,
        source,
        // A model is closed behind the requests that use it.
        priority: 'kind' in work && work.kind === 'release' ? 3 : priority,
        choose: () => ('kind' in work ? work : work.choose()),
        work: undefined,
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
      this.queue.push(request);
      this.pump();
    });
  }

  /** What would be refused at its deadline is refused now, when its sender can still do something else. */
  private requireRoom(module: string): void {
    const { queueMax, deadlineMs } = this.options;
    const count = this.queue.countOf(module);
    const waitMs = this.queue.waitMsOf(module);
    if (count < queueMax && waitMs <= deadlineMs) return;
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    throw new OnboxError(`the queue is full: ${count} requests wait for this model`, {
      code: 'queue-full',
      details: { retry_after_s: seconds },
    });
  }

  private pump(): void {
    while (this.ready) {
      const next = this.queue.take((request, { out, wanted }) => this.mayRun(request, out < wanted));
      if (next === undefined) return;
      next.work ??= next.choose();
      next.sent = performance.now();
      this.running.set(next.id, next);
      this.process.send(next.id, next.work);
    }
  }

  /** A request that was there when a child died runs alone: if it is the cause, it takes no other down with it again. */
  private mayRun(next: Request, isWanted: boolean): boolean {
    const suspect = next.isSuspect || [...this.running.values()].some((request) => request.isSuspect);
    return this.running.size < (suspect ? 1 : this.options.runningMax) && isWanted;
  }

  private onReady(): void {
    this.ready = true;
    this.pump();
  }

  private onMessage(message: Exclude<FromChild, { kind: 'ready' }>): void {
    if (message.kind === 'loaded') {
      this.onLoaded(message.loaded);
      return;
    }
    const request = this.running.get(message.id);
    if (request === undefined) return;
    const module = request.work?.module;
    if (module !== undefined && this.usedAt.has(module)) this.usedAt.set(module, Date.now());
    const spent = message.kind === 'done' ? spentOf(message.answer) : undefined;
    const tell = (): void => {
      if (message.kind === 'done') request.resolve(withQueueTime(message.answer, request.sent - request.arrived));
      else request.reject(errorFrom(message.error));
    };
    this.settle(request, tell, spent);
    this.pump();
  }

  private onLoaded(loaded: Loaded): void {
    const before = new Map(this.usedAt);
    this.usedAt.clear();
    for (const { module, loadedAt } of loaded.models) this.usedAt.set(module, before.get(module) ?? loadedAt);
    this.loadedNow = loaded;
  }

  private onExit(): void {
    this.ready = false;
    this.onLoaded({ ...this.loadedNow, models: [] });
    const lost = [...this.running.values()];
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
    const kept = lost.filter(({ deaths }) => deaths < deathsMax);
    for (const { id } of kept) this.running.delete(id);
    this.queue.putBack(kept);
  }

  private onDeadline(request: Request): void {
    const isRunning = this.running.has(request.id);
    const ranMs = performance.now() - request.sent;
    this.settle(request, () =>
      request.reject(new OnboxError(`no answer within ${this.options.deadlineMs / 1000} s`, { code: 'deadline-exceeded' })),
    );
    // A request that only waited too long says nothing about the child; one that ran for most of its life does.
    if (!isRunning || ranMs < this.options.deadlineMs / 2) return;
    this.options.log('engine-hangs', { work: request.work?.kind, ranMs: Math.round(ranMs) });
    this.process.kill();
  }

  /** Nobody waits for the request: it leaves the queue, or its answer goes nowhere. */
  private drop(request: Request): void {
    if (this.running.has(request.id)) return;
    this.settle(request, () => request.reject(cancelled()));
  }

  private settle(request: Request, tell: () => void, spent?: Spent): void {
    clearTimeout(request.timer);
    request.forget();
    if (this.running.delete(request.id)) this.queue.settle(request, spent);
    else this.queue.remove(request);
    tell();
  }
}

/** Where the time went; undefined for work that is no inference. */
function spentOf(answer: Answer): Spent | undefined {
  if (answer === null) return undefined;
  const { decode, infer, post } = answer.ms;
  const fit = 'pre' in answer ? answer.pre : 0;
  return { device: fit + infer + post, before: decode - fit };
}

function cancelled(): OnboxError {
  return new OnboxError('the client went away', { code: 'request-cancelled' });
}

function withQueueTime(answer: Answer, waitedMs: number): Answer {
  if (answer === null) return answer;
  const ms = { ...answer.ms, queue: answer.ms.queue + waitedMs };
  return { ...answer, ms };
}
