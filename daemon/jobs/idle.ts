// Tunes the models that are served in quiet hours, most used first, within a daily budget. A request ends a search within 20 ms (compile-job.ts
// stops it, this cancels it); what was measured is kept, and the next quiet time goes on from there. A version that came out of it is
// watched in service, and taken back if it is slower, fails, or answers otherwise than the version before.

import { errorCode, errorMessage } from '../../runtime/index.js';
import type { Log } from '../log.js';
import type { Statistics } from '../statistics.js';
import type { ModelStore, StoredModel } from '../store/store.js';
import type { Job, JobBook } from './book.js';
import { hasEnded } from './book.js';
import type { Witness } from './witness.js';

export interface IdleOptions {
  /** Of searching, a day. */
  readonly minutesPerDay: number;
  /** So long no request came before a search begins, in ms. */
  readonly quietMs: number;
  /** How often it looks, in ms. */
  readonly lookMs: number;
}

export const idleDefaults = { quietMs: 60_000, lookMs: 5000 } as const;

export interface IdleParts {
  readonly store: ModelStore;
  readonly book: JobBook;
  readonly statistics: Statistics;
  readonly witness: Pick<Witness, 'watch' | 'of' | 'end'>;
  readonly log: Log;
  /** True while a request runs or waits. */
  isBusy(): boolean;
  /** True while a job that somebody asked for runs or waits. */
  hasJobs(): boolean;
  start(model: string, minutes: number): Promise<Job>;
}

const dayMs = 86_400_000;
/** One search; short, because only one that was not interrupted ends in a module. */
const sliceMinutes = 2;
/** How often it looks whether a request came, in ms. */
const busyLookMs = 20;
/** Answers of a new version before it is judged, and of the old one for there to be something to judge by. */
const answersMin = 20;
/** A new version may take this much of the old one's time in service, because no two hours are alike. */
const shareMax = 1.05;

interface Watched {
  readonly version: number;
  /** Mean of a run before, in ms; undefined where too few were seen. */
  readonly beforeMs: number | undefined;
}

export class IdleTuner {
  private readonly parts: IdleParts;
  private readonly options: IdleOptions;
  private readonly watched = new Map<string, Watched>();
  /** Versions at which a whole search found nothing, by model. */
  private readonly settled = new Map<string, number>();
  private spentMs = 0;
  private dayBegan = performance.now();
  private readonly timer: NodeJS.Timeout;
  private isWorking = false;
  private isStopped = false;

  constructor(parts: IdleParts, options: IdleOptions) {
    this.parts = parts;
    this.options = options;
    this.timer = setInterval(() => void this.look(), options.lookMs);
  }

  stop(): void {
    this.isStopped = true;
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    if (this.isWorking) return;
    this.isWorking = true;
    try {
      for (const [name, watched] of this.watched) await this.judge(name, watched);
      const minutes = this.minutesLeft();
      const model = minutes > 0 && this.isQuiet() ? await this.choose() : undefined;
      if (model !== undefined) await this.tune(model, minutes);
    } catch (error) {
      this.parts.log('idle-tuning-failed', { code: errorCode(error), reason: errorMessage(error) });
    } finally {
      this.isWorking = false;
    }
  }

  private isQuiet(): boolean {
    const { isBusy, hasJobs, statistics } = this.parts;
    return !isBusy() && !hasJobs() && performance.now() - statistics.lastAnswerAt >= this.options.quietMs;
  }

  /** Of one slice, by what is left of the day's budget. */
  private minutesLeft(): number {
    if (performance.now() - this.dayBegan >= dayMs) {
      this.dayBegan = performance.now();
      this.spentMs = 0;
    }
    return Math.max(0, Math.min(sliceMinutes, this.options.minutesPerDay - this.spentMs / 60_000));
  }

  /** The model with most answers since the start that may still gain. One that is being watched is left alone. */
  private async choose(): Promise<StoredModel | undefined> {
    const { models } = await this.parts.store.list();
    const used = models
      .map((model) => ({ model, count: this.parts.statistics.of(model.name, model.version).success.count }))
      .filter(({ model: { name, version }, count }) => {
        return count > 0 && this.settled.get(name) !== version && !this.watched.has(name);
      });
    return used.sort((a, b) => b.count - a.count)[0]?.model;
  }

  private async tune({ name, version, module }: StoredModel, minutes: number): Promise<void> {
    const { book, log, start } = this.parts;
    const beforeMs = this.meanOf(name, version);
    const began = performance.now();
    const { id } = await start(name, minutes);
    let isInterrupted = false;
    let job = await book.find(id);
    while (!hasEnded(job) && !this.isStopped) {
      if (this.parts.isBusy() && !isInterrupted) {
        isInterrupted = true;
        await book.askToStop(id, 'cancel');
      }
      await new Promise((resolve) => setTimeout(resolve, busyLookMs));
      job = await book.find(id);
    }
    const elapsedMs = performance.now() - began;
    this.spentMs += elapsedMs;
    const seconds = Math.round(elapsedMs / 1000);
    if (typeof job.version === 'number') {
      const { before, after } = job.report as { before?: { medianMs: number }; after: { medianMs: number } };
      const gain = before === undefined ? null : Number((before.medianMs / after.medianMs).toFixed(3));
      log('idle-tuned', {
        model: name,
        version: job.version,
        before_ms: before?.medianMs ?? null,
        after_ms: after.medianMs,
        gain,
        seconds,
      });
      this.watched.set(name, { version: job.version, beforeMs });
      this.parts.witness.watch(name, job.version, module);
    } else {
      log('idle-tuning-ended', { model: name, interrupted: isInterrupted, gain: null, seconds });
      if (!isInterrupted) this.settled.set(name, version);
    }
  }

  /** Mean time of a run in service, in ms, if enough were seen. */
  private meanOf(name: string, version: number): number | undefined {
    const { infer } = this.parts.statistics.of(name, version);
    return infer.count >= answersMin ? infer.ms / infer.count : undefined;
  }

  private async judge(name: string, { version, beforeMs }: Watched): Promise<void> {
    const { store, statistics, witness, log } = this.parts;
    const afterMs = this.meanOf(name, version);
    const failures = statistics.of(name, version).failures.BACKEND;
    const { compared, wrong, isOver } = witness.of(name);
    const isSlower = beforeMs !== undefined && afterMs !== undefined && afterMs > beforeMs * shareMax;
    const isWorse = failures > 0 || wrong !== undefined || isSlower;
    if (!isWorse && (afterMs === undefined || !isOver)) {
      // Replaced or removed by its owner, there is nothing to watch.
      const current = await store.find(name).catch(() => undefined);
      if (current?.version !== version) await this.unwatch(name, current);
      return;
    }
    const facts = { model: name, version, before_ms: beforeMs ?? null, after_ms: afterMs ?? null, failures, compared };
    if (!isWorse) {
      await this.unwatch(name, undefined);
      log('idle-tuning-kept', facts);
      return;
    }
    const back = await store.withdraw(name, version);
    await this.unwatch(name, back);
    if (back !== undefined) this.settled.set(name, back.version);
    log('idle-tuning-withdrawn', { ...facts, wrong: wrong ?? null, back: back?.version ?? null });
  }

  /** @param answering what answers from now on, where that is not the version that was watched */
  private async unwatch(name: string, answering: StoredModel | undefined): Promise<void> {
    this.watched.delete(name);
    await this.parts.witness.end(name, answering?.module);
  }
}
