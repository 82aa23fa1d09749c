// Keeps one engine child running: starts it, notices its end, starts the next one after a pause that grows while children
// die young without having answered anything.

import { type ChildProcess, fork } from 'node:child_process';
import { errorMessage } from '../../runtime/index.js';
import type { Log } from '../log.js';
import type { Answer, FromChild, SentByChild, ToChild, Work } from './messages.js';
import { SharedBytes, type Stored, unpack } from './shared-bytes.js';

export interface ChildOptions {
  /** Path of the script to fork. */
  readonly script: string;
  readonly args: readonly string[];
  /** Flags for node itself, before the script. */
  readonly nodeFlags?: readonly string[];
}

export interface ChildEvents {
  onReady(): void;
  onMessage(message: Exclude<FromChild, { kind: 'ready' }>): void;
  onExit(): void;
}

/** Pause before the first restart, doubled for each child that died young, in ms. */
const pauseFirstMs = 50;
const pauseMaxMs = 10_000;
/** A child that lived this long did not die of what killed the one before. */
const youngMs = 10_000;
/** How long a child may take to say that it is ready. */
const readyMs = 60_000;

/**
 * Garbage is collected by the thread that made it. Helpers would have to wait for a core, because inference has all of them, and the
 * thread waits for its helpers.
 */
const gcFlags = ['--single-threaded-gc'];

export class EngineProcess {
  private readonly options: ChildOptions;
  private readonly events: ChildEvents;
  private readonly log: Log;
  private readonly shared = new SharedBytes();
  /** Where the child lays what it answers. */
  private readonly answers = new SharedBytes();
  /** Where the bytes of the work lie that the child has. */
  private readonly places = new Map<number, readonly Stored[]>();
  private child: ChildProcess | undefined;
  private timer: NodeJS.Timeout | undefined;
  private pauseMs = pauseFirstMs;
  private stopped = false;
  /** How many children followed the first. */
  restarts = 0;

  constructor(options: ChildOptions, events: ChildEvents, log: Log) {
    this.options = options;
    this.events = events;
    this.log = log;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    const { script, args, nodeFlags } = this.options;
    const startedAt = performance.now();
    const child = fork(script, args, {
      serialization: 'advanced',
      execArgv: [...gcFlags, ...(nodeFlags ?? [])],
      // The last two are workFd and answersFd of the child.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', this.shared.fd ?? 'ignore', this.answers.fd ?? 'ignore'],
    });
    this.child = child;
    const readyTimer = setTimeout(() => child.kill('SIGKILL'), readyMs);
    let ended = false;
    let isUseful = false;
    const onEnd = (reason: Readonly<Record<string, unknown>>): void => {
      if (ended) return;
      ended = true;
      clearTimeout(readyTimer);
      if (this.child === child) this.child = undefined;
      for (const id of [...this.places.keys()]) this.free(id);
      if (this.stopped) {
        this.events.onExit();
        return;
      }
      this.answers.clear();
      this.log('engine-exit', { pid: child.pid, ...reason });
      this.events.onExit();
      this.restartAfter(isUseful || performance.now() - startedAt > youngMs);
    };
    child.on('message', (sent: SentByChild) => {
      if (ended) return;
      const message = this.complete(sent, child);
      if (message === undefined) return;
      if (message.kind !== 'ready') {
        if (message.kind !== 'loaded') this.free(message.id);
        isUseful ||= message.kind === 'done';
        return this.events.onMessage(message);
      }
      clearTimeout(readyTimer);
      this.events.onReady();
    });
    child.on('exit', (code, signal) => onEnd({ code, signal }));
    // Sending to a child that has just died is no news: its exit is.
    child.on('error', (error) => {
      if (child.pid === undefined) onEnd({ error: error.message });
    });
  }

  /** Hands work to the child. What is lost with the child is replayed after its exit. */
  send(id: number, work: Work): void {
    if (this.child?.connected !== true) return;
    const { packed, places } = this.shared.pack(work);
    if (places.length > 0) this.places.set(id, places);
    const message: ToChild = { id, work: packed };
    this.child.send(message, () => undefined);
  }

  /** Ends a child that hangs; the next one starts by itself. */
  kill(): void {
    this.child?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const child = this.child;
    if (child === undefined) return this.close();
    const exited = new Promise((resolve) => child.once('exit', resolve));
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
    await exited;
    clearTimeout(timer);
    this.close();
  }

  /** The message with the bytes in it that the child laid down. A child that says so and has not is ended, and its work done again. */
  private complete(sent: SentByChild, child: ChildProcess): FromChild | undefined {
    if (sent.kind !== 'done') return sent;
    const { id, answer, isStored } = sent;
    if (!isStored || this.answers.fd === undefined) return { kind: 'done', id, answer: answer as Answer };
    let whole: Answer;
    try {
      whole = unpack<Answer>(answer, this.answers.fd);
    } catch (error) {
      this.log('engine-bug', { reason: errorMessage(error) });
      child.kill('SIGKILL');
      return undefined;
    }
    const message: ToChild = { read: id };
    if (child.connected) child.send(message, () => undefined);
    return { kind: 'done', id, answer: whole };
  }

  private close(): void {
    this.shared.close();
    this.answers.close();
  }

  private free(id: number): void {
    const places = this.places.get(id);
    if (places === undefined) return;
    this.places.delete(id);
    this.shared.free(places);
  }

  /** @param wasWell the child that ended was of use, or at least lived long */
  private restartAfter(wasWell: boolean): void {
    this.pauseMs = wasWell ? pauseFirstMs : Math.min(this.pauseMs * 2, pauseMaxMs);
    this.timer = setTimeout(() => {
      this.restarts++;
      this.start();
    }, this.pauseMs);
  }
}
