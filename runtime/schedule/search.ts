// The search over all programs of a model: the next batch goes to the task that promises to save most of a run's time. It may stop
// after any batch without losing what was learned.

import { dtypeBytes, elementCount } from '../core/tensor.js';
import type { Choice } from './choice.js';
import type { TuningMachine } from './machine.js';
import { Model } from './model.js';
import type { Place, Records } from './records.js';
import { type Candidate, type Finding, type Sample, type Task, TaskSearch } from './task-search.js';

/**
 * Runs candidates on the device, in order.
 * @returns by candidate; fewer of them if the search was aborted; undefined if the task cannot be measured at all
 */
export type Measure = (
  task: Task,
  candidates: readonly Candidate[],
  known: KnownTimes,
) => Promise<readonly Finding[] | undefined>;

/** Nanoseconds; undefined where nothing was measured yet. */
export interface KnownTimes {
  /** Of the best candidate so far. */
  readonly bestNs: number | undefined;
  /** Of the default schedule. */
  readonly startNs: number | undefined;
}

/** What the device can do at most, with all threads. */
export interface Roofline {
  readonly flopsPerNs: number;
  readonly bytesPerNs: number;
}

export interface SearchOptions {
  readonly machine: TuningMachine;
  readonly place: Place;
  readonly roofline: Roofline;
  readonly records: Records;
  readonly compiler: string;
  /** What is worth a try first, from machines like this one. */
  readonly suggest?: ((task: Task) => readonly Choice[]) | undefined;
  readonly measure: Measure;
  readonly budget: { readonly minutes: number; readonly trials: number };
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((progress: SearchProgress) => void) | undefined;
}

export interface SearchProgress extends KnownTimes {
  /** Measured in this search. */
  readonly trials: number;
  readonly seconds: number;
  /** Of the last batch. */
  readonly task: Task;
}

/** What a search ends with, by task. */
export interface TaskResult extends KnownTimes {
  readonly task: Task;
  /** Schedules that are known, those of earlier searches too. */
  readonly trials: number;
}

const batchSize = 16;
/** Of the roofline, what kernels reach. */
const reachable = 0.9;
/** Each batch that finds nothing better halves what is expected of the next. */
const decay = 0.5;
/** A search ends when no more than this share of the time is left to gain. */
const gainMin = 0.01;
/** Nanoseconds of a cycle, before anything was measured. */
const cycleNs = 0.4;
/** A task that was never measured is taken to be this far from its best. */
const unknownGain = 0.3;
/** Samples that a model learns from, the last ones. */
const samplesMax = 1500;

export class Search {
  private readonly options: SearchOptions;
  private readonly searches: readonly TaskSearch[];
  private samples: Sample[] = [];
  private model = Model.learn([], []);
  private trials = 0;

  constructor(tasks: readonly Task[], options: SearchOptions) {
    this.options = options;
    const random = generator();
    this.searches = tasks.map((task) => new TaskSearch(task, options.machine, random));
  }

  /** Searches until the budget is spent, nothing is left to gain, or the signal aborts. */
  async run(): Promise<readonly TaskResult[]> {
    const { records, place, budget, signal } = this.options;
    const started = performance.now();
    for (const search of this.searches) {
      search.recall(records.of(search.task.key, place));
      search.suggest(this.options.suggest?.(search.task) ?? []);
      this.samples.push(...search.samples());
    }
    this.relearn();
    const seconds = (): number => (performance.now() - started) / 1000;
    while (signal?.aborted !== true && this.trials < budget.trials && seconds() < budget.minutes * 60) {
      const search = this.next();
      if (search === undefined) break;
      await this.runBatch(search);
      const { task, best, startNs } = search;
      this.options.progress?.({ trials: this.trials, seconds: seconds(), task, bestNs: best?.nanoseconds, startNs });
    }
    return this.searches.map(({ task, startNs, best, trialCount }) => {
      return { task, startNs, bestNs: best?.nanoseconds, trials: trialCount };
    });
  }

  private async runBatch(search: TaskSearch): Promise<void> {
    const { measure, budget, records } = this.options;
    const candidates = search.propose(Math.min(batchSize, budget.trials - this.trials), this.model);
    if (candidates.length === 0) return;
    const findings = await measure(search.task, candidates, { bestNs: search.best?.nanoseconds, startNs: search.startNs });
    if (findings === undefined) {
      search.giveUp();
      return;
    }
    records.append(findings.flatMap((finding, i) => this.recordOf(search.task, candidates[i], finding)));
    this.samples.push(...search.learn(candidates, findings));
    this.trials += findings.length;
    this.relearn();
  }

  private recordOf({ key }: Task, candidate: Candidate | undefined, { outcome, nanoseconds }: Finding) {
    if (candidate === undefined) return [];
    const { place, compiler } = this.options;
    const { choice, steps } = candidate;
    const { device, threads } = place;
    const at = new Date().toISOString();
    return [{ format: 1, task: key, device, threads, choice, steps, outcome, nanoseconds, compiler, at } as const];
  }

  private relearn(): void {
    this.samples = this.samples.slice(-samplesMax);
    this.model = Model.learn(
      this.samples.map(({ features }) => features),
      this.samples.map(({ target }) => target),
    );
  }

  /** The task that promises most; undefined when none promises anything. */
  private next(): TaskSearch | undefined {
    let best: TaskSearch | undefined;
    let bestGain = 0;
    let gains = 0;
    let total = 0;
    for (const search of this.searches) {
      const gain = this.gainOf(search);
      gains += gain;
      // What cannot be measured says nothing of what is worth while.
      if (search.best !== undefined || !search.isExhausted) total += this.timeOf(search) * search.task.count;
      if (gain > bestGain) {
        best = search;
        bestGain = gain;
      }
    }
    return gains > total * gainMin ? best : undefined;
  }

  /** Nanoseconds of a run that the next batches of a task may save. */
  private gainOf(search: TaskSearch): number {
    if (search.isExhausted) return 0;
    const time = this.timeOf(search);
    const left = Math.max(0, time - boundOf(search.task, this.options.roofline) / reachable);
    if (search.best === undefined && search.idleBatches === 0) return search.task.count * Math.max(left, time * unknownGain);
    return search.task.count * left * decay ** search.idleBatches;
  }

  private timeOf(search: TaskSearch): number {
    return search.best?.nanoseconds ?? search.startDraft * cycleNs;
  }
}

/** Nanoseconds that a program takes at least. */
function boundOf({ flops, program }: Task, { flopsPerNs, bytesPerNs }: Roofline): number {
  const bytes = program.buffers.reduce((sum, { shape, dtype }) => sum + elementCount(shape) * dtypeBytes(dtype), 0);
  return Math.max(flops / flopsPerNs, bytes / bytesPerNs);
}

/** The same numbers every time: a log of a search can be replayed. */
function generator(): () => number {
  let state = 20240607;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}
