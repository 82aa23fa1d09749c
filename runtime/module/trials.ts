// Measures candidates for the search: a batch is compiled as one and runs in a child, with the default schedule of the program beside
// the candidates as the reference.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, OnboxError } from '../core/error.js';
import { type CpuDevice, fastestProcessors } from '../device/cpu.js';
import { type MeasureOptions, measure } from '../device/measure.js';
import type { Measured } from '../device/measure-messages.js';
import type { OpenclDevice } from '../device/opencl.js';
import type { Program } from '../loop/program.js';
import { defaultChoice, defaultSchedule } from '../schedule/default.js';
import type { TuningMachine } from '../schedule/machine.js';
import { scheduleKey } from '../schedule/records.js';
import type { KnownTimes } from '../schedule/search.js';
import type { Schedule } from '../schedule/steps.js';
import type { Candidate, Finding, Task } from '../schedule/task-search.js';
import { type Batch, compileBatch, cpuBatches } from './batch.js';
import { openclBatches } from './opencl-target.js';
import { medianOf } from './speed.js';
import { makeTrialData, type TrialData, writeTruth } from './trial-data.js';

export interface TrialOptions {
  readonly device: CpuDevice;
  /** Where candidates run, if not on the processor. */
  readonly opencl?: OpenclDevice | undefined;
  readonly machine: TuningMachine;
  /** Absolute path of a folder for sources and objects, which the caller deletes. */
  readonly workspace: string;
  readonly signal?: AbortSignal | undefined;
  readonly child?: MeasureOptions['child'];
}

/** All runs of one candidate together may take this long; drivers of OpenCL compile all of a batch before the first runs. */
const timeoutMs = { cpu: 20_000, opencl: 120_000 };
/** Largest error of an output relative to its largest magnitude; native functions of GPUs are less exact. */
const errorMax = { cpu: 1e-4, opencl: 1e-3 };
/** Milliseconds of runs of one candidate. */
const budgetMs = 25;
/** As many timings of the reference before and after a candidate say how fast the machine was. */
const referencesAround = 3;

/** What the batches of one task share. */
interface Ground {
  readonly data: TrialData;
  readonly truth: string;
  readonly reference: Schedule;
}

export class Trials {
  private readonly options: TrialOptions;
  /** Of the task measured last: others would hold the weights of a whole model. */
  private ground: { readonly key: string; readonly ground: Ground } | undefined;
  /** Tasks whose truth lies in the workspace. */
  private readonly truths = new Set<string>();
  /** Nanoseconds of the default schedule of a task when it was first measured. */
  private readonly baselines = new Map<string, number>();
  private folders = 0;
  private busy = 0;

  constructor(options: TrialOptions) {
    this.options = options;
  }

  /** Seconds that went into compiling and running candidates. */
  get busySeconds(): number {
    return this.busy / 1000;
  }

  /**
   * Compiles and measures candidates, all of which are legal.
   * @returns by candidate; fewer if the signal aborts; undefined if the task cannot be measured: it is too slow without a schedule, or
   *   needs more memory than there is
   * @throws OnboxError `toolchain-missing`
   */
  async run(task: Task, candidates: readonly Candidate[], known: KnownTimes): Promise<readonly Finding[] | undefined> {
    try {
      return await this.runOrFail(task, candidates, known);
    } catch (error) {
      if (errorCode(error) === 'measure-failed') return undefined;
      throw error;
    }
  }

  /**
   * Nanoseconds of a program with one schedule; undefined where it cannot be measured or is not right, or the signal aborts.
   * @throws OnboxError `toolchain-missing`
   */
  async time(task: Task, steps: Schedule): Promise<number | undefined> {
    const candidate = { choice: defaultChoice(task.program, this.options.machine), steps };
    const [finding] = (await this.run(task, [candidate], { bestNs: undefined, startNs: undefined })) ?? [];
    return finding?.outcome === 'ok' ? finding.nanoseconds : undefined;
  }

  /** @throws OnboxError `measure-failed`, `toolchain-missing` */
  async runOrFail(task: Task, candidates: readonly Candidate[], known: KnownTimes): Promise<readonly Finding[]> {
    const ground = await this.groundOf(task);
    if (ground === undefined) return [];
    if (known.startNs !== undefined) this.baselines.set(task.key, known.startNs);
    const schedules = candidates.map(({ steps }) => steps);
    const measured = await this.measureAll(task.program, ground, schedules, known.bestNs ?? 0);
    return measured.map((one, i) => {
      const reference = referenceAround(measured, i);
      const isReference = scheduleKey(schedules[i] ?? []) === scheduleKey(ground.reference);
      return this.findingOf(task, one, reference, isReference);
    });
  }

  /** A batch that does not compile is halved until the schedule at fault stands alone. @returns undefined for that one */
  private async measureAll(
    program: Program,
    ground: Ground,
    schedules: readonly Schedule[],
    incumbentNs: number,
  ): Promise<(Measured | undefined)[]> {
    try {
      return await this.measureBatch(program, ground, schedules, incumbentNs);
    } catch (error) {
      if (!this.isOfBatch(errorCode(error))) throw error;
      if (schedules.length === 1) return [undefined];
      const half = Math.ceil(schedules.length / 2);
      const first = await this.measureAll(program, ground, schedules.slice(0, half), incumbentNs);
      if (first.length < half) return first;
      return [...first, ...(await this.measureAll(program, ground, schedules.slice(half), incumbentNs))];
    }
  }

  /** Whether an error may come of one schedule alone; what a driver does not compile is known only when it is loaded. */
  private isOfBatch(code: string): boolean {
    return ['toolchain-failed', 'toolchain-timeout', ...(this.options.opencl === undefined ? [] : ['measure-failed'])].includes(
      code,
    );
  }

  private async measureBatch(
    program: Program,
    { data, truth, reference }: Ground,
    schedules: readonly Schedule[],
    incumbentNs: number,
  ): Promise<Measured[]> {
    // The first candidate of a task is the reference itself.
    const isThere = scheduleKey(schedules[0] ?? []) === scheduleKey(reference);
    const all = isThere ? schedules : [reference, ...schedules];
    const measured = await this.inFolder(async (folder) => {
      const { device, opencl } = this.options;
      const target = opencl === undefined ? cpuBatches(device) : openclBatches(opencl);
      const batch = await compileBatch(folder, program, all, data, target);
      return await this.measure(data, batch, { truth, capture: false, incumbentNs });
    });
    return isThere ? measured : measured.slice(1);
  }

  private async measure(
    { arenaBytes, inputs, outputs }: TrialData,
    batch: Batch,
    how: { readonly truth: string; readonly capture: boolean; readonly incumbentNs: number },
  ): Promise<Measured[]> {
    const { device, machine, signal, child } = this.options;
    const data = { arenaBytes, inputs, outputs };
    const where = batch.opencl === undefined ? 'cpu' : 'opencl';
    return await measure(
      { ...batch, ...data, ...how, threads: machine.threads, reference: 0, errorMax: errorMax[where], budgetMs },
      {
        timeoutMs: timeoutMs[where],
        signal,
        processors: fastestProcessors(device, machine.threads),
        ...(child === undefined ? {} : { child }),
      },
    );
  }

  /** @returns undefined if the signal aborted */
  private async groundOf(task: Task): Promise<Ground | undefined> {
    if (this.ground?.key === task.key) return this.ground.ground;
    const { workspace, machine } = this.options;
    const data = makeTrialData(task.program);
    const truth = join(workspace, `${task.key}.truth`);
    if (!this.truths.has(task.key) && !(await this.findTruth(task, data, truth))) return undefined;
    this.truths.add(task.key);
    const ground = { data, truth, reference: defaultSchedule(task.program, machine) };
    this.ground = { key: task.key, ground };
    return ground;
  }

  /** The interpreter says what is right, or where that would take too long, the program as it stands, compiled. */
  private async findTruth({ program, title }: Task, data: TrialData, truth: string): Promise<boolean> {
    if (writeTruth(truth, program, data)) return true;
    const [measured] = await this.inFolder(async (folder) => {
      const plain = await compileBatch(folder, program, [[]], data, cpuBatches(this.options.device));
      return await this.measure(data, plain, { truth, capture: true, incumbentNs: 1 });
    });
    if (measured === undefined || measured.outcome === 'ok') return measured !== undefined;
    throw new OnboxError(`the plain translation of ${title} ended with: ${measured.outcome}`, { code: 'measure-failed' });
  }

  /** @param reference nanoseconds of the default schedule at that time */
  private findingOf(task: Task, measured: Measured | undefined, reference: number, isReference: boolean): Finding {
    if (measured?.outcome !== 'ok') return { outcome: measured?.outcome ?? 'failed', nanoseconds: 0 };
    const baseline = this.baselines.get(task.key) ?? reference;
    this.baselines.set(task.key, baseline);
    // The reference comes first, when everything is cold; it is also timed beside every other candidate.
    const nanoseconds = isReference ? Math.min(measured.nanoseconds, reference) : measured.nanoseconds;
    return { outcome: 'ok', nanoseconds: (nanoseconds * baseline) / reference };
  }

  private async inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = join(this.options.workspace, `batch${this.folders++}`);
    await mkdir(folder);
    const started = performance.now();
    try {
      return await work(folder);
    } finally {
      this.busy += performance.now() - started;
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** The middle of the reference's times around a candidate: one of them alone is as noisy as the candidate. */
function referenceAround(measured: readonly (Measured | undefined)[], at: number): number {
  const near = measured.slice(Math.max(0, at - referencesAround), at + referencesAround + 1);
  return medianOf(near.flatMap((one) => (one?.outcome === 'ok' ? [one.referenceNs] : [])));
}
