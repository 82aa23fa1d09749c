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
import { layOut } from './compile.js';
import { imagePrologues } from './image.js';
import { machineOf } from './machine.js';
import { compilerVersion, type ImageInput } from './manifest.js';
import { measurePeak } from './peak.js';
import { requireCompilable } from './refuse.js';
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
}

/** Bytes of a nanosecond that come from memory; a bound that no core of today's boards exceeds. */
const bytesPerNs = 40;

/**
 * Searches schedules for a model until the time is up, the trials are spent, or nothing is left to gain.
 * @throws OnboxError of requireCompilable, `records-unreadable`, `measure-failed`, `toolchain-missing`
 */
export async function tune(request: TuneRequest): Promise<TuneReport> {
  const { graph: plain, image, records, minutes, trials: trialsMax, signal, progress, child } = request;
  requireCompilable(plain, image);
  const device = describeCpu();
  const threads = request.threads ?? device.cores.count;
  const machine = machineOf(device, threads);
  const graph = layOut(plain, device);
  const tasks = tasksOf(graph, image === undefined ? [] : imagePrologues(graph, image));
  const book = Records.open(records);
  const workspace = await mkdtemp(join(tmpdir(), 'onbox-tune-'));
  try {
    const trials = new Trials({ device, machine, workspace, signal, child });
    const flopsPerNs = (await measurePeak(trials, machine)) ?? Number.POSITIVE_INFINITY;
    const search = new Search(tasks, {
      machine,
      place: { device: device.fingerprint, threads },
      roofline: { flopsPerNs, bytesPerNs },
      records: book,
      compiler: compilerVersion,
      measure: (task, candidates, known) => trials.run(task, candidates, known),
      budget: { minutes, trials: trialsMax },
      signal,
      progress: (at) => progress?.(progressOf(at)),
    });
    return { layers: layersOf(await search.run()), peakFlopsPerNs: flopsPerNs, threads };
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

function progressOf({ trials, seconds, task, startNs, bestNs }: SearchProgress): TuneProgress {
  return { trials, seconds, title: task.title, startNs, bestNs };
}

function layersOf(results: readonly TaskResult[]): TunedLayer[] {
  const layers = results.map(({ task: { title, count, flops }, trials, startNs, bestNs }) => {
    return { title, count, flops, trials, startNs, bestNs };
  });
  const time = ({ count, bestNs }: TunedLayer): number => count * (bestNs ?? 0);
  return layers.sort((a, b) => time(b) - time(a));
}
