// Tunes a model on this machine: its programs are searched one batch at a time, and all that is measured goes into the records, from
// which the next compile takes its schedules.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeCpu } from '../device/cpu.js';
import type { MeasureOptions } from '../device/measure.js';
import type { Graph } from '../graph/graph.js';
import { Records } from '../schedule/records.js';
import { Search, type SearchProgress, type TaskResult } from '../schedule/search.js';
import type { Task } from '../schedule/task-search.js';
import { searchAlgorithms } from './algorithms.js';
import { layOut } from './compile.js';
import { imagePrologues } from './image.js';
import { Known } from './known.js';
import { machineOf } from './machine.js';
import { compilerVersion, type ImageInput } from './manifest.js';
import { measurePeak } from './peak.js';
import { requireCompilable } from './refuse.js';
import { algorithmsFor, schedulingFor } from './scheduling.js';
import { tasksOf } from './tasks.js';
import { Trials } from './trials.js';

export interface TuneRequest {
  /** As imported. */
  readonly graph: Graph;
  readonly image: ImageInput | undefined;
  /** The file that is read and added to. */
  readonly records: string;
  /** That the schedules are for: the machine's cores where it is absent. */
  readonly threads?: number;
  readonly minutes: number;
  /** Candidates at most. */
  readonly trials: number;
  /** Without Winograd, as a compile with `exact`. */
  readonly exact?: boolean;
  /** Ends the search after what is being measured; nothing that was measured is lost. */
  readonly signal?: AbortSignal;
  readonly progress?: (progress: TuneProgress) => void;
  /** How the measuring child is started; tests set it. */
  readonly child?: MeasureOptions['child'];
}

export interface TuneProgress {
  /** Candidates measured so far, and seconds since the start. */
  readonly trials: number;
  readonly seconds: number;
  /** The operators of the program that was at work. */
  readonly title: string;
  /** Nanoseconds of that program: by default, and the best so far. */
  readonly startNs: number | undefined;
  readonly bestNs: number | undefined;
}

/** A program of the model before and after. */
export interface TunedLayer {
  readonly title: string;
  /** Launches in a run. */
  readonly count: number;
  readonly flops: number;
  /** Schedules that are known. */
  readonly trials: number;
  /** Nanoseconds; undefined where it was never measured. */
  readonly startNs: number | undefined;
  readonly bestNs: number | undefined;
}

export interface TuneReport {
  /** What takes most time first. */
  readonly layers: readonly TunedLayer[];
  /** Operations of a nanosecond that the processor does at most, as measured. */
  readonly peakFlopsPerNs: number;
  readonly threads: number;
  /** What it took, and of it to compile and run candidates; the rest is the search's own. */
  readonly seconds: number;
  readonly busySeconds: number;
}

/** Bytes of a nanosecond that come from memory; a bound that no core of today's boards exceeds. */
const bytesPerNs = 40;

/** Of the minutes and trials, what may go to the choice of algorithms. */
const algorithmShare = 1 / 3;

/**
 * Searches algorithms and schedules for a model until the time is up, the trials are spent, or nothing is left to gain.
 * @throws OnboxError of requireCompilable, `records-unreadable`, `measure-failed`, `toolchain-missing`
 */
export async function tune(request: TuneRequest): Promise<TuneReport> {
  const { graph: plain, image, records, signal, progress, child, exact = false } = request;
  requireCompilable(plain, image);
  const device = describeCpu();
  const threads = request.threads ?? device.cores.count;
  const machine = machineOf(device, threads);
  const place = { device: device.fingerprint, threads };
  const book = Records.open(records);
  const spending = new Spending(request);
  const workspace = await mkdtemp(join(tmpdir(), 'onbox-tune-'));
  try {
    const trials = new Trials({ device, machine, workspace, signal, child });
    const flopsPerNs = (await measurePeak(trials, machine)) ?? Number.POSITIVE_INFINITY;
    const open = (): Known => Known.open(device, threads, records);
    if (!exact) {
      const best = schedulingFor(device, threads, open());
      const time = async (task: Task): Promise<number | undefined> => {
        progress?.({ ...spending.sofar, title: task.title, startNs: undefined, bestNs: undefined });
        return await spending.onOne(() => trials.time(task, best(task.program)));
      };
      const goesOn = (): boolean => spending.share < algorithmShare && signal?.aborted !== true;
      await searchAlgorithms(plain, { device, place, compiler: compilerVersion, records: book, time, goesOn });
    }
    const known = open();
    const graph = layOut(plain, device, exact ? () => undefined : algorithmsFor(device, known));
    const tasks = tasksOf(graph, image === undefined ? [] : imagePrologues(graph, image));
    const before = spending.sofar;
    const search = new Search(tasks, {
      machine,
      place,
      roofline: { flopsPerNs, bytesPerNs },
      records: book,
      compiler: compilerVersion,
      suggest: ({ program }) => known.choices(program),
      measure: (task, candidates, times) => trials.run(task, candidates, times),
      budget: spending.left,
      signal,
      progress: (at) => progress?.(progressOf(at, before)),
    });
    const layers = layersOf(await search.run());
    const { seconds } = spending.sofar;
    return { layers, peakFlopsPerNs: flopsPerNs, threads, seconds, busySeconds: trials.busySeconds };
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

/** What a search has taken of its minutes and trials. */
class Spending {
  private readonly budget: { readonly minutes: number; readonly trials: number };
  private readonly started = performance.now();
  private trials = 0;

  constructor(budget: { readonly minutes: number; readonly trials: number }) {
    this.budget = budget;
  }

  /** 0 to 1, of that which runs out first. */
  get share(): number {
    return Math.max(this.minutes / this.budget.minutes, this.trials / this.budget.trials);
  }

  get sofar(): Pick<TuneProgress, 'trials' | 'seconds'> {
    return { trials: this.trials, seconds: this.minutes * 60 };
  }

  get left(): { minutes: number; trials: number } {
    return { minutes: this.budget.minutes - this.minutes, trials: this.budget.trials - this.trials };
  }

  async onOne<T>(trial: () => Promise<T>): Promise<T> {
    this.trials++;
    return await trial();
  }

  private get minutes(): number {
    return (performance.now() - this.started) / 60_000;
  }
}

/** @param before what the choice of algorithms took */
function progressOf(
  { trials, seconds, task, startNs, bestNs }: SearchProgress,
  before: Pick<TuneProgress, 'trials' | 'seconds'>,
): TuneProgress {
  return { trials: before.trials + trials, seconds: before.seconds + seconds, title: task.title, startNs, bestNs };
}

function layersOf(results: readonly TaskResult[]): TunedLayer[] {
  const layers = results.map(({ task: { title, count, flops }, trials, startNs, bestNs }) => {
    return { title, count, flops, trials, startNs, bestNs };
  });
  const time = ({ count, bestNs }: TunedLayer): number => count * (bestNs ?? 0);
  return layers.sort((a, b) => time(b) - time(a));
}
