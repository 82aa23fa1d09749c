// onbox bench MODEL: how long a model takes here, measured.

import { elementCount, type Tensor, tensorOf } from '../../runtime/index.js';
import { printCount } from '../log.js';
import { type Command, exitCodes } from './command.js';
import { boxFlags, compileFlags, compileOptionsOf, jsonFlag, threadsFlag } from './flags.js';
import { openTarget, type Target } from './target.js';

const runsDefault = 50;
/** Runs before the measurement, so that caches and clocks are warm. */
const warmups = 3;

export interface BenchReport {
  readonly model: string;
  readonly threads: number;
  readonly median_ms: number;
  readonly p90_ms: number;
  readonly compile_s: number;
  /** Of this process, the compile included if there was one. */
  readonly peak_rss_mb: number;
  readonly arena_mb: number;
}

export const bench: Command = {
  name: 'bench',
  summary: 'measure how long a model takes on this machine',
  positionals: ['MODEL.onnx|NAME'],
  flags: {
    runs: { type: 'string', value: 'N', help: `measured runs (default ${runsDefault})` },
    ...compileFlags,
    threads: threadsFlag,
    json: jsonFlag,
    ...boxFlags,
  },
  files: { inputs: [{ at: 0, isName: true }, { at: 'labels' }] },
  async run(args, terminal) {
    const runs = args.number('runs', { min: 1, max: 100_000, whole: true }) ?? runsDefault;
    const target = await openTarget(args.positional(0), undefined, await compileOptionsOf(args), terminal);
    try {
      const report = await measure(target, runs);
      if (args.has('json')) terminal.out(`${JSON.stringify(report)}\n`);
      else terminal.out(printReport(report));
    } finally {
      await target.close();
    }
    return exitCodes.ok;
  },
};

async function measure(target: Target, runs: number): Promise<BenchReport> {
  const { session } = target.model;
  const { manifest } = session;
  const inputs = new Map(manifest.inputs.map((input): [string, Tensor] => [input.name, zerosToOnes(input)]));
  for (let i = 0; i < warmups; i++) await session.runTensors(inputs);
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await session.runTensors(inputs);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return {
    model: target.name,
    threads: session.threads,
    median_ms: round(percentile(times, 0.5)),
    p90_ms: round(percentile(times, 0.9)),
    compile_s: round(manifest.compileSeconds),
    peak_rss_mb: round(process.resourceUsage().maxRSS / 1024),
    arena_mb: round(manifest.arenaBytes / 1024 / 1024),
  };
}

/** Numbers of 0..1 in a fixed order: zeros would let a branch or a denormal change the time. */
function zerosToOnes({ dtype, shape }: Pick<Tensor, 'dtype' | 'shape'>): Tensor {
  const isWhole = !['f16', 'f32', 'f64'].includes(dtype);
  const values = Array.from({ length: elementCount(shape) }, (_, i) => (isWhole ? i % 2 : ((i * 7919) % 1000) / 1000));
  return tensorOf(dtype, shape, values);
}

/** The smallest time that a share of the runs does not exceed. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function printReport(report: BenchReport): string {
  const { model, threads, median_ms, p90_ms, compile_s, peak_rss_mb, arena_mb } = report;
  return `${model}: median ${median_ms} ms, p90 ${p90_ms} ms with ${printCount(threads, 'thread')}; compile ${compile_s} s, peak ${peak_rss_mb} MB, arena ${arena_mb} MB\n`;
}
