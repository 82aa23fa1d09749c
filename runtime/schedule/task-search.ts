// The search for one program: first what the draft and the model think best, then steps from the best that were measured.

import type { Program } from '../loop/program.js';
import { type Choice, choiceKey } from './choice.js';
import { defaultChoice } from './default.js';
import { scheduleFor } from './derive.js';
import { Drafts } from './drafts.js';
import { featuresOf } from './features.js';
import type { TuningMachine } from './machine.js';
import type { Features, Model } from './model.js';
import type { Outcome, TuningRecord } from './record.js';
import { latest, scheduleKey } from './records.js';
import { type Space, spaceOf } from './space.js';
import type { Schedule } from './steps.js';

/** A program to be tuned. */
export interface Task {
  /** See `taskKey`. */
  readonly key: string;
  readonly program: Program;
  /** The operators in it, as `conv+relu`. */
  readonly title: string;
  /** How often a run of the model launches it. */
  readonly count: number;
  readonly flops: number;
}

export interface Candidate {
  readonly choice: Choice;
  readonly steps: Schedule;
}

export interface Finding {
  readonly outcome: Outcome;
  /** 0 where the outcome is not ok. */
  readonly nanoseconds: number;
}

/** What a model learns from: log(measured / draft). */
export interface Sample {
  readonly features: Features;
  readonly target: number;
}

/** Candidates that are proposed by rank, before steps are taken from the best of them. */
const rankedTrials = 32;
/** The share of a batch that is drawn at random, for what neither draft nor model see. */
const randomShare = 0.1;
/** How many of the best steps are taken from. */
const parents = 3;
/** In one batch, of tiles with as many lines and columns. */
const tilesOfWidth = 3;
/** Of the choices by draft, so many are looked at by the model. */
const shortlist = 2048;

interface Trial extends Candidate {
  readonly nanoseconds: number;
}

export class TaskSearch {
  readonly task: Task;
  private readonly machine: TuningMachine;
  private readonly random: () => number;
  private readonly drafts: Drafts;
  private readonly start: Choice;
  private readonly tried = new Set<string>();
  private readonly triedChoices = new Set<string>();
  /** Those that are right, fastest first. */
  private trials: readonly Trial[] = [];
  private known: { readonly space: Space; readonly byDraft: readonly Choice[] } | undefined;
  private suggested: readonly Choice[] = [];
  private startTime: number | undefined;
  private idle = 0;
  private ended = false;

  /** @param random yields numbers of 0 <= x < 1 */
  constructor(task: Task, machine: TuningMachine, random: () => number) {
    this.task = task;
    this.machine = machine;
    this.random = random;
    this.drafts = new Drafts(task.program, machine);
    this.start = defaultChoice(task.program, machine);
  }

  /** Goes on where earlier searches stopped. */
  recall(records: readonly TuningRecord[]): void {
    for (const { choice, steps, outcome, nanoseconds } of latest(records).values()) {
      this.note({ choice, steps }, { outcome, nanoseconds });
    }
  }

  /** Choices that the next batch begins with. */
  suggest(choices: readonly Choice[]): void {
    this.suggested = choices;
  }

  /** Cycles of the default schedule, as the draft reckons. */
  get startDraft(): number {
    return this.drafts.of(this.start).total;
  }

  get best(): Trial | undefined {
    return this.trials[0];
  }

  get trialCount(): number {
    return this.tried.size;
  }

  /** Nanoseconds of the default schedule, once it is measured. */
  get startNs(): number | undefined {
    return this.startTime;
  }

  /** How many batches in a row found nothing better. */
  get idleBatches(): number {
    return this.idle;
  }

  get isExhausted(): boolean {
    return this.ended;
  }

  giveUp(): void {
    this.ended = true;
  }

  /**
   * The next candidates to measure, no two of them alike; none when there is nothing left to try. The best so far is among them
   * once more: of many noisy times the least is too good to be true.
   */
  propose(count: number, model: Model): Candidate[] {
    const again = this.best;
    const fresh = this.proposeFresh(again === undefined || count === 1 ? count : count - 1, model);
    return fresh.length === 0 || again === undefined || count === 1 ? fresh : [...fresh, again];
  }

  private proposeFresh(count: number, model: Model): Candidate[] {
    const batch = new Map<string, Candidate>();
    const add = (choice: Choice): void => {
      if (batch.size >= count || this.triedChoices.has(choiceKey(choice))) return;
      this.triedChoices.add(choiceKey(choice));
      const steps = scheduleFor(this.task.program, this.machine, choice);
      const key = scheduleKey(steps);
      // Other numbers may lead to a schedule that is known already.
      if (!this.tried.has(key) && !batch.has(key)) batch.set(key, { choice, steps });
    };
    const { space } = this.open();
    if (this.startTime === undefined) add(this.start);
    for (const choice of this.suggested) add(choice);
    if (this.tried.size < rankedTrials || this.trials.length === 0) {
      for (const choice of spread(this.ranked(this.byDraft(), model))) {
        if (batch.size >= Math.ceil(count * (1 - randomShare))) break;
        add(choice);
      }
    } else {
      const steps = this.trials.slice(0, parents).flatMap(({ choice }) => space.neighbours(choice));
      for (const choice of this.ranked(steps, model)) add(choice);
      this.ended = batch.size === 0;
      if (this.ended) return [];
    }
    for (let i = 0; i < count && space.choices.length > 1; i++) {
      if (batch.size < count) add(space.choices[Math.floor(this.random() * space.choices.length)] ?? space.start);
    }
    if (batch.size === 0) this.ended = true;
    return [...batch.values()];
  }

  /** Takes note of what a batch has shown. @returns what the model may learn from it */
  learn(candidates: readonly Candidate[], findings: readonly Finding[]): Sample[] {
    const before = this.best?.nanoseconds ?? Number.POSITIVE_INFINITY;
    for (const [i, finding] of findings.entries()) {
      const candidate = candidates[i];
      if (candidate !== undefined) this.note(candidate, finding);
    }
    this.idle = (this.best?.nanoseconds ?? before) < before * 0.99 ? 0 : this.idle + 1;
    return findings.flatMap((finding, i) => {
      const candidate = candidates[i];
      return candidate === undefined || finding.outcome !== 'ok' ? [] : [this.sampleOf(candidate.choice, finding.nanoseconds)];
    });
  }

  /** What the model may learn from all that is known of this task. */
  samples(): Sample[] {
    return this.trials.map(({ choice, nanoseconds }) => this.sampleOf(choice, nanoseconds));
  }

  private sampleOf(choice: Choice, nanoseconds: number): Sample {
    const draft = this.drafts.of(choice);
    return { features: featuresOf(choice, draft), target: Math.log(nanoseconds / draft.total) };
  }

  private note(candidate: Candidate, { outcome, nanoseconds }: Finding): void {
    const key = scheduleKey(candidate.steps);
    this.tried.add(key);
    this.triedChoices.add(choiceKey(candidate.choice));
    const others = this.trials.filter(({ steps }) => scheduleKey(steps) !== key);
    const trials = outcome === 'ok' ? [...others, { ...candidate, nanoseconds }] : others;
    this.trials = trials.sort((a, b) => a.nanoseconds - b.nanoseconds);
    if (outcome === 'ok' && choiceKey(candidate.choice) === choiceKey(this.start)) this.startTime = nanoseconds;
  }

  private byDraft(): readonly Choice[] {
    return this.open()
      .byDraft.filter((choice) => !this.triedChoices.has(choiceKey(choice)))
      .slice(0, shortlist);
  }

  /** Fastest first, as the model thinks. */
  private ranked(choices: readonly Choice[], model: Model): readonly Choice[] {
    const scored = choices.map((choice) => {
      const draft = this.drafts.of(choice);
      return { choice, score: Math.log(draft.total) + model.predict(featuresOf(choice, draft)) };
    });
    return scored.sort((a, b) => a.score - b.score).map(({ choice }) => choice);
  }

  /** Spaces of thousands of choices are made when their task's turn comes. */
  private open(): { readonly space: Space; readonly byDraft: readonly Choice[] } {
    if (this.known === undefined) {
      const space = spaceOf(this.task.program, this.machine, this.drafts);
      const scored = space.choices.map((choice) => ({ choice, total: space.draftOf(choice).total }));
      this.known = { space, byDraft: scored.sort((a, b) => a.total - b.total).map(({ choice }) => choice) };
    }
    return this.known;
  }
}

/**
 * Choices that stand for the others: the first of each tile, and few tiles of one width. What ranks highest is often much the same, and
 * what ails one of them ails all.
 */
function spread(choices: readonly Choice[]): readonly Choice[] {
  const tiles = new Set<string>();
  const widths = new Map<string, number>();
  return choices.filter(({ lines, rows, columns }) => {
    const tile = [lines, rows, columns].join();
    const width = [lines, columns].join();
    const count = widths.get(width) ?? 0;
    if (tiles.has(tile) || count >= tilesOfWidth) return false;
    tiles.add(tile);
    widths.set(width, count + 1);
    return true;
  });
}
