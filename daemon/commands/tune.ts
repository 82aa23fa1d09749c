// onbox tune NAME|MODEL.onnx: searches for faster kernels on this machine, and installs the model anew if that made it faster.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compareSpeeds, type Speed, type TunedLayer, type TuneProgress, type TuneReport } from '../../runtime/index.js';
import type { Client } from '../api/client.js';
import { tuneLimits } from '../api/limits.js';
import type { JobFacts } from '../api/types.js';
import { compileLimits, runCompile } from '../jobs/compile-job.js';
import type { CompileResult } from '../jobs/messages.js';
import { search } from '../jobs/tune-onnx.js';
import { printCount } from '../log.js';
import { homeFolder, recordsPath } from '../store/home.js';
import { nameFromFile } from '../store/names.js';
import type { CompileOptions } from '../store/record.js';
import type { ModelStore } from '../store/store.js';
import { type Command, exitCodes, type Terminal, usageError } from './command.js';
import { compileScript } from './compiler.js';
import { compileFlags, compileOptionsOf, daemonFlags, daemonOf, jsonFlag, threadsFlag } from './flags.js';
import { followThere, tuneLocal } from './follow.js';
import { createProgress, type Progress } from './progress.js';
import { printTable } from './table.js';
import { isFile, openStore } from './target.js';

/** Layers that are printed. */
const layersPrinted = 25;

export const tune: Command = {
  name: 'tune',
  summary: 'search for faster kernels of a model on this machine',
  positionals: ['MODEL.onnx|NAME'],
  flags: {
    minutes: { type: 'string', value: 'M', help: `search for so long (default ${tuneLimits.minutesDefault})` },
    trials: { type: 'string', value: 'N', help: 'measure at most so many candidates' },
    ...compileFlags,
    threads: threadsFlag,
    json: jsonFlag,
    ...daemonFlags,
  },
  files: { inputs: [{ at: 0, isName: true }, { at: 'labels' }] },
  async run(args, terminal) {
    const minutes = args.number('minutes', tuneLimits.minutes) ?? tuneLimits.minutesDefault;
    const trials = args.number('trials', tuneLimits.trials) ?? tuneLimits.trials.max;
    const options = await compileOptionsOf(args);
    const job = new TuneJob(options, { minutes, trials }, terminal);
    const text = args.positional(0);
    const client = await daemonOf(args, terminal);
    const answer =
      client === undefined && (await isFile(text))
        ? await job.file(resolve(text))
        : await job.installed(openStore(terminal), text, client);
    terminal.out(args.has('json') ? `${JSON.stringify(reportOf(answer))}\n` : printAnswer(answer));
    return exitCodes.ok;
  },
};

interface Answer {
  readonly model: string;
  readonly report: TuneReport;
  /** Of the whole model; undefined where the module before could not run. */
  readonly before: Speed | undefined;
  readonly after: Speed;
  /** Of the store; undefined where nothing was installed. */
  readonly version: number | undefined;
}

class TuneJob {
  private readonly options: CompileOptions;
  private readonly budget: { readonly minutes: number; readonly trials: number };
  private readonly terminal: Terminal;
  private readonly records: string;

  constructor(options: CompileOptions, budget: { minutes: number; trials: number }, terminal: Terminal) {
    this.options = options;
    this.budget = budget;
    this.terminal = terminal;
    this.records = recordsPath(homeFolder(terminal.environment));
  }

  /** A file is compiled as it would be without the records, and with them; nothing is installed. */
  async file(path: string): Promise<Answer> {
    const model = nameFromFile(path);
    const report = await this.search(model, path);
    const folder = await mkdtemp(join(tmpdir(), 'onbox-tuned-'));
    try {
      const [old, fresh] = [join(folder, 'old'), join(folder, 'new')];
      await this.compile(model, path, old, this.options, undefined);
      await this.compile(model, path, fresh, this.options, this.records);
      const [before, after] = await this.compare([old, fresh], this.options);
      return { model, report, before, after: after as Speed, version: undefined };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** An installed model gets a new version if that is measured faster; here, or by a daemon. */
  async installed(store: ModelStore, name: string, client: Client | undefined): Promise<Answer> {
    if (client === undefined) {
      return answerOfJob(await tuneLocal(store, name, { options: this.options, budget: this.budget }, this.terminal));
    }
    if (Object.keys(this.options).length > 0) throw usageError('tune: only --minutes and --trials work with a daemon');
    return answerOfJob(await followThere(client, await client.tune(name, this.budget), this.terminal));
  }

  /** Ctrl-C ends the search, not the command: what was learned is compiled. A second one ends the command. */
  private async search(model: string, onnx: string): Promise<TuneReport> {
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    const progress = createProgress(this.terminal, `tune ${model}`);
    const { options, budget, records } = this;
    process.once('SIGINT', stop);
    try {
      const report = await search(onnx, { options, budget, records, signal: controller.signal }, (at) =>
        this.show(progress, at),
      );
      progress.done(controller.signal.aborted ? 'stopped; what was measured is kept' : 'searched');
      return report;
    } catch (error) {
      progress.clear();
      throw error;
    } finally {
      process.off('SIGINT', stop);
    }
  }

  private show(progress: Progress, { trials, seconds, title, startNs, bestNs }: TuneProgress): void {
    const left = Math.max(0, this.budget.minutes * 60 - seconds);
    const times = bestNs === undefined ? 'nothing yet' : `${micros(startNs)} -> ${micros(bestNs)} us`;
    progress.show({ stage: `${printCount(trials, 'trial')}, ${left.toFixed(0)} s left, ${title}: ${times}` });
  }

  private async compile(
    name: string,
    onnx: string,
    outFolder: string,
    options: CompileOptions,
    records: string | undefined,
  ): Promise<CompileResult> {
    const progress = createProgress(this.terminal, `compile ${name}`);
    const request = { name, onnx, outFolder, options, ...(records === undefined ? {} : { records }) };
    try {
      return await runCompile(request, {
        child: compileScript(),
        limits: { ...compileLimits, niceness: 0 },
        onProgress: progress.show,
      });
    } finally {
      progress.clear();
    }
  }

  private async compare(folders: readonly string[], { threads }: CompileOptions): Promise<Speed[]> {
    return await compareSpeeds(folders, threads === undefined ? {} : { threads });
  }
}

/** @param job of a search that has ended well */
function answerOfJob({ model, report, version }: Pick<JobFacts, 'model' | 'report' | 'version'>): Answer {
  const { before, after, ...rest } = report as unknown as TuneReport & { before?: Speed; after: Speed };
  return { model, report: rest, before, after, version: version ?? undefined };
}

function reportOf({ model, report, before, after, version }: Answer) {
  const speed = (of: Speed | undefined) =>
    of === undefined ? null : { median_ms: round(of.medianMs), least_ms: round(of.leastMs) };
  return {
    model,
    threads: report.threads,
    peak_gflops: round(report.peakFlopsPerNs),
    seconds: round(report.seconds),
    busy_seconds: round(report.busySeconds),
    before: speed(before),
    after: speed(after),
    installed: version ?? null,
    layers: report.layers.map(({ title, count, flops, trials, startNs, bestNs }) => {
      return { title, count, flops, trials, before_us: microsOrNull(startNs), after_us: microsOrNull(bestNs) };
    }),
  };
}

function printAnswer({ model, report, before, after, version }: Answer): string {
  const known = report.layers.filter(({ bestNs }) => bestNs !== undefined);
  const rows = known.slice(0, layersPrinted).map(rowOf);
  const rest = known.length > rows.length ? `and ${known.length - rows.length} more\n` : '';
  const table =
    rows.length === 0 ? '' : printTable(['runs', 'us before', 'us after', 'faster', 'GFLOP/s', 'trials', 'kernel'], rows, 1);
  const was = before === undefined ? 'could not run' : `${before.medianMs.toFixed(3)} ms`;
  const gain = before === undefined ? '' : ` (${(before.medianMs / after.medianMs).toFixed(2)} x)`;
  const end = version === undefined ? '' : `; installed as version ${version}`;
  const own = 1 - report.busySeconds / report.seconds;
  const took = `searched for ${report.seconds.toFixed(0)} s, ${Math.round(own * 100)} % of it without a candidate at work\n`;
  return `${table}${rest}${took}${model}: before ${was}, after ${after.medianMs.toFixed(3)} ms${gain}${end}\n`;
}

function rowOf({ title, count, flops, trials, startNs, bestNs }: TunedLayer): string[] {
  const faster = startNs === undefined || bestNs === undefined ? '' : `${(startNs / bestNs).toFixed(2)} x`;
  const rate = flops === 0 || bestNs === undefined ? '' : (flops / bestNs).toFixed(0);
  return [String(count), micros(startNs), micros(bestNs), faster, rate, String(trials), title];
}

function micros(nanoseconds: number | undefined): string {
  return nanoseconds === undefined ? '-' : (nanoseconds / 1e3).toFixed(1);
}

function microsOrNull(nanoseconds: number | undefined): number | null {
  return nanoseconds === undefined ? null : round(nanoseconds / 1e3);
}

/** Five digits, because the times of a tiny model differ in nanoseconds. */
function round(value: number): number {
  return Number(value.toPrecision(5));
}
