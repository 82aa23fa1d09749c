// Tunes a model on this machine: its programs are searched one batch at a time, and all that is measured goes into the records, from
// which the next compile takes its schedules.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isForOpencl, openclLanes } from '../codegen/opencl.js';
import { type CpuDevice, describeCpu } from '../device/cpu.js';
import type { MeasureOptions } from '../device/measure.js';
import type { OpenclDevice } from '../device/opencl.js';
import { chooseOpencl, type ProbeOptions, probeOpencl } from '../device/opencl-probe.js';
import type { Graph } from '../graph/graph.js';
import type { TuningMachine } from '../schedule/machine.js';
import { type Place, Records } from '../schedule/records.js';
import { Search, type SearchProgress, type TaskResult } from '../schedule/search.js';
import type { Task } from '../schedule/task-search.js';
import { searchAlgorithms } from './algorithms.js';
import type { Scheduling } from './assemble.js';
import { type CompileTarget, layOut, layOutFor } from './compile.js';
import { imagePrologues } from './image.js';
import { Known } from './known.js';
import { machineOf } from './machine.js';
import { compilerVersion, type ImageInput } from './manifest.js';
import { openclMachine, openclPlace, openclScheduling } from './opencl-target.js';
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
  /** The CPU where it is absent. */
  readonly target?: CompileTarget;
  /** How OpenCL devices are tested; tests set it. */
  readonly probe?: ProbeOptions;
  /** That the schedules are for: the machine's cores where it is absent. Of no meaning for an OpenCL device. */
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
  /** Operations of a nanosecond that the processor does at most, as measured; infinite where it is not known. */
  readonly peakFlopsPerNs: number;
  readonly threads: number;
  /** What it took, and of it to compile and run candidates; the rest is the search's own. */
  readonly seconds: number;
  readonly busySeconds: number;
}

/** Bytes of a nanosecond that come from memory; bounds that no core of today's boards exceeds, and no GPU with memory of its own. */
const bytesPerNs = { shared: 40, own: 8000 };

/** Of the minutes and trials, what may go to the choice of algorithms. */
const algorithmShare = 1 / 3;

/**
 * Searches algorithms and schedules for a model until the time is up, the trials are spent, or nothing is left to gain.
 * @throws OnboxError of requireCompilable, probeOpencl, chooseOpencl, `records-unreadable`, `measure-failed`, `toolchain-missing`,
 *   `opencl-unusable` where the device does not survive a candidate
 */
export async function tune(request: TuneRequest): Promise<TuneReport> {
  const { graph: plain, image, records, signal, progress, child, exact = false } = request;
  requireCompilable(plain, image);
  const device = describeCpu();
  const site = request.target === 'opencl' ? await openclSite(request) : cpuSite(device, request);
  const { machine, place, opencl } = site;
  const book = Records.open(records);
  const spending = new Spending(request);
  const workspace = await mkdtemp(join(tmpdir(), 'onbox-tune-'));
  try {
    const trials = new Trials({ device, opencl, machine, workspace, signal, child });
    const peak = opencl === undefined ? await measurePeak(trials, machine) : undefined;
    const flopsPerNs = peak ?? Number.POSITIVE_INFINITY;
    if (site.algorithms && !exact) {
      const best = site.schedule();
      const time = async (task: Task): Promise<number | undefined> => {
        progress?.({ ...spending.sofar, title: task.title, startNs: undefined, bestNs: undefined });
        return await spending.onOne(() => trials.time(task, best(task.program)));
      };
      const goesOn = (): boolean => spending.share < algorithmShare && signal?.aborted !== true;
      await searchAlgorithms(plain, { device, place, compiler: compilerVersion, records: book, time, goesOn });
    }
    const known = site.known();
    const graph = site.layOut(plain, known);
    const tasks = tasksOf(graph, image === undefined ? [] : imagePrologues(graph, image));
    const before = spending.sofar;
    const search = new Search(opencl === undefined ? tasks : tasks.filter(({ program }) => isForOpencl(program)), {
      machine,
      place,
      roofline: { flopsPerNs, bytesPerNs: opencl?.isMemoryUnified === false ? bytesPerNs.own : bytesPerNs.shared },
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
    return { layers, peakFlopsPerNs: flopsPerNs, threads: place.threads, seconds, busySeconds: trials.busySeconds };
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

/** Where a model is tuned, and what a compile for it would do. */
interface Site {
  readonly machine: TuningMachine;
  readonly place: Place;
  readonly opencl?: OpenclDevice;
  /** Whether convolutions have a choice of algorithms there. */
  readonly algorithms: boolean;
  /** As the records stand now. */
  known(): Known;
  schedule(): Scheduling;
  layOut(plain: Graph, known: Known): Graph;
}

function cpuSite(device: CpuDevice, { records, exact = false, threads = device.cores.count }: TuneRequest): Site {
  const known = (): Known => Known.open(device, threads, records);
  return {
    machine: machineOf(device, threads),
    place: { device: device.fingerprint, threads },
    algorithms: true,
    known,
    schedule: () => schedulingFor(device, threads, known()),
    layOut: (plain, now) => layOut(plain, device, exact ? () => undefined : algorithmsFor(device, now)),
  };
}

/** @throws OnboxError of probeOpencl, chooseOpencl */
async function openclSite({ records, probe }: TuneRequest): Promise<Site> {
  const opencl = chooseOpencl(await probeOpencl(probe));
  const place = openclPlace(opencl);
  const known = (): Known => Known.at(place, records);
  return {
    machine: openclMachine(opencl),
    place,
    opencl,
    algorithms: false,
    known,
    schedule: () => openclScheduling(opencl, known()),
    layOut: (plain) => layOutFor(plain, openclLanes, () => undefined),
  };
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
