// `npm run bench -- mali-static`: what Mesa's compilers for the Mali-T860 and the Mali-G610 make of every kernel of some models, with no
// board: registers, residency, spills, and the share of multiply-adds in inner loops. Its figures compare kernels, they are no times.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openclLanes, writeClProgram } from '../../runtime/codegen/opencl.js';
import { describeCpu } from '../../runtime/device/cpu.js';
import type { OpenclDevice } from '../../runtime/device/opencl.js';
import { assemble } from '../../runtime/module/assemble.js';
import { layOutFor } from '../../runtime/module/compile.js';
import { openclScheduling } from '../../runtime/module/opencl-target.js';
import { WeightFile } from '../../runtime/module/weights.js';
import { loadModel } from '../../runtime/vision/compile.js';
import { sharedData } from '../support/data.js';
import { parseFlags } from './support/arguments.js';
import { type Column, printHeader, printRow } from './support/table.js';

/** What the compiler says of a kernel; the names are those of `mali-stats --json`. */
interface Stats {
  readonly name: string;
  readonly registers: number;
  readonly occupancyPercent: number;
  readonly spills: number;
  readonly fills: number;
  readonly loops: readonly { readonly instructions: number; readonly fma?: number; readonly spill?: number }[];
}

interface Answer {
  readonly files: readonly { readonly error: string | null; readonly kernels: readonly Stats[] }[];
}

interface Row extends Stats {
  readonly title: string;
  readonly schedule: string;
  /** Of the operations of a run. */
  readonly share: number;
  readonly count: number;
}

const modelsDefault = 'mobilenetv2_fp32deq,yolov5n_640,yolov8n_640_fp32deq';
/** What drivers say of these GPUs, as far as schedules ask. */
const gpus = {
  t860: { floatLanes: 4, cacheBytes: 256 * 1024, occupancyMin: 25 },
  g610: { floatLanes: 1, cacheBytes: 1024 * 1024, occupancyMin: 50 },
} as const;
type Gpu = keyof typeof gpus;
/** Kernels that make up this share of the operations are looked at one by one. */
const shareShown = 0.9;

/**
 * @param args `--models a,b`, `--rows N` of each table, `--tool FILE`: mali-stats, found beside the shared test data if it is absent
 * @throws OnboxError `usage`
 */
export async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['models', 'rows', 'tool']);
  const tool = flags.tool ?? sharedData('..', 'tools', 'mali-stats', 'mali-stats');
  const home = process.env['MALI_STATS_HOME'] ?? join(homedir(), '.cache', 'mali-stats');
  if (tool === undefined || !existsSync(join(home, 'done'))) {
    print(`SKIPPED: the Mali compilers are not set up in ${home}: run the "setup" beside mali-stats`);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'onbox-mali-'));
  try {
    for (const model of (flags.models ?? modelsDefault).split(',')) {
      const path = sharedData('models', `${model}.onnx`);
      if (path === undefined) print(`SKIPPED: ${model} is not in the shared test data`);
      for (const gpu of path === undefined ? [] : (Object.keys(gpus) as Gpu[])) {
        await showModel(model, path as string, gpu, { folder, tool, rows: Number(flags.rows ?? 12) });
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function showModel(
  model: string,
  path: string,
  gpu: Gpu,
  { folder, tool, rows: rowsMax }: { readonly folder: string; readonly tool: string; readonly rows: number },
): Promise<void> {
  const { graph: plain } = await loadModel(path, {});
  const graph = layOutFor(plain, openclLanes, () => undefined);
  const weights = new WeightFile(join(folder, `${gpu}-${model.replace('/', '-')}.bin`));
  const openclSchedule = openclScheduling(deviceOf(gpu), undefined);
  const parts = assemble(graph, weights, { schedule: () => [], openclSchedule, isa: describeCpu().isa, memory: 'shared' });
  weights.close();
  const source = join(folder, 'kernels.cl');
  const texts = parts.kernels.flatMap((kernel) => (kernel === null || 'extent' in kernel ? [] : [kernel.text]));
  await writeFile(source, writeClProgram(texts));
  const answer = askTool(tool, source, gpu);
  if (answer === undefined) return;
  const counts = new Map<number, number>();
  for (const launch of parts.plans[0] ?? []) {
    if ('kernel' in launch) counts.set(launch.kernel, (counts.get(launch.kernel) ?? 0) + 1);
  }
  const work = (i: number): number => (parts.infos[i]?.flops ?? 0) * (counts.get(i) ?? 0);
  const total = parts.infos.reduce((sum, _, i) => sum + work(i), 0);
  const rows = answer.map((stats): Row => {
    const i = Number(stats.name.slice(1));
    const { title = '', schedule = '' } = parts.infos[i] ?? {};
    return { ...stats, title, schedule, share: work(i) / total, count: counts.get(i) ?? 0 };
  });
  printModel(
    model,
    gpu,
    rows.toSorted((a, b) => b.share - a.share),
    texts.length,
    rowsMax,
  );
}

/** Undefined, and said, where the compiler refuses a kernel. */
function askTool(tool: string, source: string, gpu: Gpu): readonly Stats[] | undefined {
  try {
    const environment = { ...process.env, TIMEOUT: '900' };
    const text = execFileSync(tool, ['--json', source, gpu], { encoding: 'utf8', maxBuffer: 2 ** 28, env: environment });
    return (JSON.parse(text) as Answer).files[0]?.kernels;
  } catch (error) {
    print(`FAILED: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

function deviceOf(gpu: Gpu): OpenclDevice {
  const { floatLanes, cacheBytes } = gpus[gpu];
  const facts = { type: 'gpu', units: 4, localBytes: 0, workGroupMax: 256, workItemMax: [256, 256, 256] } as const;
  const said = { ...facts, floatLanes, cacheBytes, name: gpu, driver: 'Mesa', isMemoryUnified: true };
  return { ...said, fingerprint: '' } as unknown as OpenclDevice;
}

const columns: readonly Column<Row>[] = [
  { title: 'share', width: 6, cell: ({ share }) => `${(share * 100).toFixed(1)} %` },
  { title: 'runs', width: 4, cell: ({ count }) => String(count) },
  { title: 'regs', width: 4, cell: ({ registers }) => String(registers) },
  { title: 'occ', width: 5, cell: ({ occupancyPercent }) => `${occupancyPercent} %` },
  { title: 'spill:fill', width: 10, cell: ({ spills, fills }) => `${spills}:${fills}` },
  { title: 'FMA', width: 5, cell: (row) => printFma(row) },
  { title: 'kernel', width: 20, align: 'left', cell: ({ title }) => title },
  { title: 'schedule', width: 40, align: 'left', cell: ({ schedule }) => schedule },
];

/** The share of multiply-adds in the loop that has most of them, where one has any; Mesa tells units for the G610 only. */
function fmaShare({ loops }: Stats): number | undefined {
  const main = loops.reduce((most, loop) => ((loop.fma ?? 0) > (most?.fma ?? 0) ? loop : most), loops[0]);
  return main?.fma === undefined || main.fma === 0 ? undefined : main.fma / main.instructions;
}

function printFma(stats: Stats): string {
  const share = fmaShare(stats);
  return share === undefined ? '-' : `${Math.round(share * 100)} %`;
}

function printModel(model: string, gpu: Gpu, rows: readonly Row[], written: number, rowsMax: number): void {
  let covered = 0;
  const main = rows.filter(({ share }) => {
    const isIn = covered < shareShown;
    covered += share;
    return isIn;
  });
  print(`\n${model} on ${gpu}: ${rows.length} of ${written} kernels build`);
  print(printHeader(columns));
  for (const row of main.slice(0, rowsMax)) print(printRow(columns, row));
  const spilling = main.filter(({ spills }) => spills > 0).length;
  const narrow = main.filter(({ occupancyPercent }) => occupancyPercent < gpus[gpu].occupancyMin).length;
  const shares = main.flatMap((row) => fmaShare(row) ?? []);
  const fma = shares.length === 0 ? '' : `, FMA from ${Math.round(Math.min(...shares) * 100)} % of the inner loop`;
  print(
    `${main.length} kernels make up ${shareShown * 100} % of the operations: ${spilling} spill, ` +
      `${narrow} below ${gpus[gpu].occupancyMin} % residency${fma}; ${rows.filter(({ spills }) => spills > 0).length} of all spill`,
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
