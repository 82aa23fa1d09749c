// The part of `npm run bench -- gpu` that runs on the machine with the GPU: lets PyTorch build and time its networks, compiles them for
// the OpenCL device, tunes them for a bounded time, holds the outputs against PyTorch's, and prints both sides.

import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Tensor, tensorOf } from '../../../runtime/core/tensor.js';
import { chooseOpencl, probeOpencl } from '../../../runtime/device/opencl-probe.js';
import { makeSample } from '../../../runtime/module/sample.js';
import { openSession, type Session } from '../../../runtime/module/session.js';
import { compileFile } from '../../../runtime/vision/compile.js';
import { tuneFile } from '../../../runtime/vision/tune.js';
import { parseCount, parseFlags } from './arguments.js';
import { geometricMean, median, relativeError } from './statistics.js';
import { type Column, printHeader, printMs, printRow } from './table.js';

/** What gpu_peer.py writes. */
interface Peer {
  readonly device: string;
  readonly torch: string;
  readonly peakTflops: number;
  readonly models: Readonly<Record<string, { readonly eagerMs: number; readonly graphMs: number }>>;
}

/** Of a module: a whole run as the caller sees it, what its kernels take by the device's clock, and how far it is from the truth. */
interface Timed {
  readonly wallMs: number;
  readonly kernelMs: number;
  readonly launches: number;
  readonly flops: number;
  readonly error: number | undefined;
  readonly layers: readonly string[];
}

interface Row {
  readonly name: string;
  readonly before: Timed;
  readonly after: Timed;
  readonly eagerMs: number | undefined;
  readonly graphMs: number | undefined;
}

const warmups = 30;
const runs = 200;
const profiles = 20;
/** Error of an output against its largest magnitude, beyond which times mean nothing. */
const errorMax = 2e-3;
const tuneFlag = '--tune';
const timeFlag = '--time';

/** The OpenCL module of a model in a folder of its own. */
async function compileFor(onnx: string, folder: string, records?: string): Promise<string> {
  rmSync(folder, { recursive: true, force: true });
  const options = records === undefined ? {} : { records };
  await compileFile(onnx, { name: basename(onnx, '.onnx'), outFolder: folder, target: 'opencl', ...options });
  return folder;
}

function readFloats(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** The inputs of a session: those that PyTorch has run, or noise. */
function inputsOf({ manifest: { inputs } }: Session, onnx: string): ReadonlyMap<string, Tensor> {
  const path = onnx.replace(/\.onnx$/, '.x.bin');
  if (!existsSync(path)) return makeSample(inputs, undefined).tensors;
  return new Map(inputs.map(({ name, shape }) => [name, tensorOf('f32', shape, readFloats(path))]));
}

async function timeModule(folder: string, onnx: string, layers: number): Promise<Timed> {
  const session = await openSession(folder);
  try {
    const tensors = inputsOf(session, onnx);
    for (let i = 0; i < warmups; i++) await session.runTensors(tensors);
    const times: number[] = [];
    for (let i = 0; i < runs; i++) {
      const started = performance.now();
      await session.runTensors(tensors);
      times.push(performance.now() - started);
    }
    const [output] = (await session.runTensors(tensors)).values();
    const truth = onnx.replace(/\.onnx$/, '.y.bin');
    const error =
      existsSync(truth) && output !== undefined ? relativeError(output.data as Float32Array, readFloats(truth)) : undefined;
    const launches: Float64Array[] = [];
    for (let i = 0; i < profiles; i++) launches.push((await session.profileTensors(tensors)).slice());
    const each = [...(launches[0] ?? [])].map((_, i) => median(launches.map((one) => one[i] ?? 0)));
    const plan = session.manifest.plans[0] ?? [];
    const kernels = plan.map((step, i) => ({
      ns: each[i] ?? 0,
      ...('kernel' in step ? session.manifest.kernels[step.kernel] : undefined),
    }));
    const dearest = [...kernels].sort((a, b) => b.ns - a.ns).slice(0, layers);
    return {
      wallMs: median(times),
      kernelMs: each.reduce((sum, ns) => sum + ns, 0) / 1e6,
      launches: each.length,
      flops: kernels.reduce((sum, { flops = 0 }) => sum + flops, 0),
      error,
      layers: dearest.map(({ ns, title, flops = 0, schedule }) => {
        return `${(ns / 1e3).toFixed(1).padStart(8)} us ${(flops / ns).toFixed(0).padStart(6)} GFLOP/s ${title} ${schedule}`;
      }),
    };
  } finally {
    session.close();
  }
}

/** In a process of its own: a GPU in exclusive mode serves one at a time. */
async function runChild(args: readonly string[]): Promise<void> {
  await once(fork(resolve(__filename), [...args]), 'exit');
}

/** Compiles a model with the records, if any, and times it. @returns undefined, and says why, where that does not work */
async function time(onnx: string, out: string, layers: number, records?: string): Promise<Timed | undefined> {
  const folder = join(out, '..', `module-${basename(onnx, '.onnx')}`);
  const result = `${folder}.json`;
  rmSync(result, { force: true });
  await runChild([timeFlag, onnx, folder, result, String(layers), ...(records === undefined ? [] : [records])]);
  return existsSync(result) ? (JSON.parse(readFileSync(result, 'utf8')) as Timed) : undefined;
}

async function timeOne([onnx = '', folder = '', result = '', layers = '0', records]: readonly string[]): Promise<void> {
  await compileFor(onnx, folder, records);
  writeFileSync(result, JSON.stringify(await timeModule(folder, onnx, Number(layers))));
}

/** @param parallel models at once: what takes time is the driver's compiler, and the device waits for it */
async function tuneAll(models: readonly string[], records: string, seconds: number, parallel: number): Promise<void> {
  const left = [...models];
  const each = (seconds * Math.min(parallel, models.length)) / models.length;
  const work = async (): Promise<void> => {
    for (let onnx = left.shift(); onnx !== undefined; onnx = left.shift()) {
      await runChild([tuneFlag, onnx, records, String(each)]);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
}

async function tuneOne([onnx = '', records = '', seconds = '0']: readonly string[]): Promise<void> {
  const report = await tuneFile(onnx, { target: 'opencl', records, minutes: Number(seconds) / 60, trials: 100_000 });
  const trials = report.layers.reduce((sum, layer) => sum + layer.trials, 0);
  const own = Math.round((1 - report.busySeconds / report.seconds) * 100);
  print(`tuned ${basename(onnx)}: ${trials} trials in ${report.seconds.toFixed(0)} s, ${own} % of it without one at work`);
}

const columns: readonly Column<Row>[] = [
  { title: 'model', width: 20, align: 'left', cell: ({ name }) => name },
  { title: 'untuned ms', width: 10, cell: ({ before }) => printMs(before.wallMs) },
  { title: 'tuned ms', width: 8, cell: ({ after }) => printMs(after.wallMs) },
  { title: 'kernels', width: 7, cell: ({ after }) => printMs(after.kernelMs) },
  { title: 'host', width: 6, cell: ({ after }) => (after.wallMs - after.kernelMs).toFixed(3) },
  { title: 'launches', width: 8, cell: ({ after }) => String(after.launches) },
  { title: 'TFLOP/s', width: 7, cell: ({ after }) => (after.flops / after.kernelMs / 1e9).toFixed(2) },
  { title: 'error', width: 7, cell: ({ after }) => after.error?.toExponential(1) ?? '-' },
  { title: 'eager', width: 6, cell: ({ eagerMs }) => (eagerMs === undefined ? '-' : printMs(eagerMs)) },
  { title: 'graph', width: 6, cell: ({ graphMs }) => (graphMs === undefined ? '-' : printMs(graphMs)) },
  {
    title: 'x graph',
    width: 7,
    cell: ({ graphMs, after }) => (graphMs === undefined ? '-' : (graphMs / after.wallMs).toFixed(2)),
  },
];

/**
 * @param args `--seconds N` of tuning, `--out FOLDER` for records and results, `--layers N` of each model that are listed,
 *   `--parallel N` models tuned at once, which a GPU in exclusive mode does not allow
 */
async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['seconds', 'out', 'layers', 'parallel']);
  const seconds = parseCount('seconds', flags.seconds ?? '240', 36_000);
  const layers = parseCount('layers', flags.layers ?? '6', 1000);
  const parallel = parseCount('parallel', flags.parallel ?? '1', 64);
  const out = resolve(flags.out ?? 'results');
  mkdirSync(out, { recursive: true });
  const bundle = resolve(__dirname, '../../../..');
  const models = join(bundle, 'models');
  const peer = runPeer(bundle, models);
  const device = chooseOpencl(await probeOpencl());
  print(`${device.name}, driver ${device.driver}, OpenCL; ${peer === undefined ? 'no PyTorch here' : `PyTorch ${peer.torch}`}`);
  const paths = readdirSync(models).flatMap((file) => (file.endsWith('.onnx') ? [join(models, file)] : []));
  const records = join(out, 'records.jsonl');
  if (!existsSync(records) && existsSync(join(bundle, 'records.jsonl'))) copyFileSync(join(bundle, 'records.jsonl'), records);
  const before = new Map<string, Timed>();
  for (const onnx of paths) {
    const timed = await time(onnx, out, layers);
    if (timed !== undefined) before.set(onnx, timed);
    print(`${basename(onnx)} untuned: ${timed === undefined ? 'failed' : `${printMs(timed.wallMs)} ms`}`);
  }
  await tuneAll([...before.keys()], records, seconds, parallel);
  const rows: Row[] = [];
  for (const [onnx, untuned] of before) {
    const name = basename(onnx, '.onnx');
    const after = await time(onnx, out, layers, records);
    if (after === undefined) continue;
    const { eagerMs, graphMs } = peer?.models[name] ?? { eagerMs: undefined, graphMs: undefined };
    rows.push({ name, before: untuned, after, eagerMs, graphMs });
  }
  report(rows, peer);
  writeFileSync(join(out, 'results.json'), JSON.stringify({ device, peer, rows }, undefined, 1));
}

/** Undefined, and said, where there is no PyTorch with a GPU. */
function runPeer(bundle: string, models: string): Peer | undefined {
  const facts = join(models, 'peer.json');
  try {
    execFileSync('python3', [join(bundle, 'gpu_peer.py'), models], { stdio: ['ignore', 'inherit', 'inherit'] });
    return JSON.parse(readFileSync(facts, 'utf8')) as Peer;
  } catch (error) {
    print(`PyTorch's side is left out: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

function report(rows: readonly Row[], peer: Peer | undefined): void {
  print(printHeader(columns));
  for (const row of rows) print(printRow(columns, row));
  const tuned = geometricMean(rows.map(({ before, after }) => before.wallMs / after.wallMs));
  print(`tuned against untuned: ${tuned.toFixed(2)} x, geometric mean`);
  const paired = rows.flatMap(({ after, eagerMs, graphMs }) =>
    eagerMs === undefined || graphMs === undefined ? [] : [[eagerMs / after.wallMs, graphMs / after.wallMs] as const],
  );
  if (paired.length > 0) {
    const [eager, graph] = [0, 1].map((side) => geometricMean(paired.map((ratios) => ratios[side] ?? 1)));
    print(`PyTorch eager takes ${eager?.toFixed(2)} x the time, graph replay ${graph?.toFixed(2)} x, geometric means`);
  }
  if (peer !== undefined) print(`a product of large float32 matrices reaches ${peer.peakTflops.toFixed(1)} TFLOP/s in PyTorch`);
  for (const { name, after } of rows) print([name, ...after.layers].join('\n'));
  const wrong = rows.filter(({ after: { error } }) => error !== undefined && !(error <= errorMax));
  if (wrong.length > 0) print(`WRONG: ${wrong.map(({ name, after }) => `${name} by ${after.error}`).join(', ')}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function start([first, ...rest]: readonly string[]): Promise<void> {
  if (first === tuneFlag) await tuneOne(rest);
  else if (first === timeFlag) await timeOne(rest);
  else await main(process.argv.slice(2));
}

start(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});
