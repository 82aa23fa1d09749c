// The compiler on one page: a graph goes in, a module folder comes out, checked.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { halfLanes } from '../codegen/c.js';
import { openclLanes } from '../codegen/opencl.js';
import { levelDtype } from '../codegen/whole.js';
import type { CpuDevice } from '../device/cpu.js';
import { describeCpu } from '../device/cpu.js';
import type { OpenclDevice } from '../device/opencl.js';
import { chooseOpencl, type ProbeOptions, probeOpencl } from '../device/opencl-probe.js';
import type { Graph } from '../graph/graph.js';
import { fuse } from '../graph/passes/fuse.js';
import { optimize } from '../graph/passes/index.js';
import { chooseLayouts } from '../graph/passes/layout.js';
import { type LevelDtype, storeLevels } from '../graph/passes/levels.js';
import { useWinograd, type WinogradChoice } from '../graph/passes/winograd.js';
import { verify } from '../graph/verify.js';
import { type BuildOptions, type Built, buildModule } from './build.js';
import { manifestFile } from './files.js';
import { imagePrologues } from './image.js';
import { Known } from './known.js';
import { machineOf } from './machine.js';
import {
  compilerVersion,
  type Manifest,
  type ModuleTarget,
  manifestFormat,
  type Precision,
  type PrecisionReport,
  type SelfCheck,
  type VisionSpec,
} from './manifest.js';
import { openclPlace, openclScheduling } from './opencl-target.js';
import { placeModule, requirePlugins } from './placed.js';
import type { PlaceReport, PlaceWish } from './placement.js';
import { narrow } from './precision.js';
import { printManifest } from './read.js';
import { requireCompilable } from './refuse.js';
import { runnableOf } from './runnable.js';
import { algorithmsFor, schedulingFor } from './scheduling.js';
import { selfCheck } from './self-check.js';
import { buildTruth } from './truth.js';
import { makeFolder } from './workspace.js';

export interface CompileProgress {
  readonly stage: 'import' | 'graph' | 'kernels' | 'compiler' | 'check' | 'place' | 'done';
  readonly completed?: number;
  readonly total?: number;
}

export interface CompileRequest {
  readonly name: string;
  /** As imported. */
  readonly graph: Graph;
  /** SHA-256 of the ONNX file. */
  readonly modelDigest: string;
  readonly spec: VisionSpec;
  /** The folder to write; it should not exist or be empty. A compile that fails leaves nothing. */
  readonly outFolder: string;
  /** What the module is for: the CPU where it is absent. */
  readonly target?: CompileTarget;
  /** How OpenCL devices are tested; tests set it. */
  readonly probe?: ProbeOptions;
  /** That the schedules are for: the machine's cores where it is absent. */
  readonly threads?: number;
  /** A file of what was measured here (`Records`); what it does not hold is taken from what ships, or reckoned. */
  readonly records?: string;
  /** No algorithm that rounds more than the sum as it stands does. */
  readonly exact?: boolean;
  /** Of the manifest; whoever compiles the model for other sizes puts them there. */
  readonly otherSizes?: number;
  /** Which part goes to an NPU, of a plugin in ONBOX_NPU_FOLDERS; none where it is absent. For the target `cpu`. */
  readonly place?: PlaceWish;
  /** float32 where it is absent. With halves the module is still held against float32 (precision.ts). Not with `place`. */
  readonly precision?: Precision;
  readonly progress?: (progress: CompileProgress) => void;
}

/** `opencl`: the first device that works, a GPU before anything else. */
export type CompileTarget = ModuleTarget;

export interface CompileReport {
  readonly manifest: Manifest;
  readonly folder: string;
  /** Where a placement was asked for. */
  readonly place?: PlaceReport;
}

/** From the graph as imported to the one that is lowered. */
export type Preparation = (plain: Graph, device: CpuDevice) => Graph;

/**
 * Compiles a graph for this machine, writes the module and checks it.
 * @param prepare instead of layOut; tests of the self-check put a fault in here
 * @throws OnboxError of requireCompilable, probeOpencl, chooseOpencl, `folder-not-empty`, `toolchain-…`, or `self-check-failed` naming
 *   the first value that differs
 */
export async function compile(request: CompileRequest, prepare?: Preparation): Promise<CompileReport> {
  const started = performance.now();
  const { graph: plain, spec, outFolder, progress, exact = false } = request;
  requireCompilable(plain, spec.image);
  if (request.place !== undefined) requirePlugins(request.place);
  const device = describeCpu();
  const opencl = request.target === 'opencl' ? chooseOpencl(await probeOpencl(request.probe)) : undefined;
  const threads = request.threads ?? device.cores.count;
  progress?.({ stage: 'graph' });
  const known = Known.open(device, threads, request.records);
  const isNarrow = request.precision === 'fp16' && (opencl?.hasHalfArithmetic ?? device.hasFp16Arithmetic);
  // Winograd's steps are float32: where halves are multiplied twice as fast, convolutions stay as they are.
  const choose = exact || isNarrow ? () => undefined : algorithmsFor(device, known);
  const lanes = isNarrow ? halfLanes(device.isa) : machineOf(device, 1).lanes;
  const layOutHere = () =>
    opencl === undefined
      ? layOutFor(plain, lanes, choose, isNarrow ? undefined : levelDtype(device.isa))
      : layOutFor(plain, openclLanes, () => undefined);
  const graph = prepare === undefined ? layOutHere() : prepare(plain, device);
  const optionsFor = (built: Graph) => ({
    ...buildOptions(built, request, device),
    schedule: schedulingFor(device, threads, known),
    ...(opencl === undefined ? {} : { opencl: openclOptions(opencl, request.records) }),
  });
  const options = optionsFor(graph);

  const answer = await makeFolder(outFolder, async (workspace) => {
    const { precision = 'fp32' } = request;
    if (precision !== 'fp32') {
      const truth = await buildTruth(join(workspace, 'truth'), plain, device);
      const build = async (folder: string, narrowed: Graph, memory: 'shared' | 'kept') => {
        const built = await buildModule(join(workspace, folder), narrowed, { ...optionsFor(narrowed), memory });
        progress?.({ stage: 'check' });
        return built;
      };
      const made = await narrow({ graph, truth, image: spec.image, task: spec.task, threads, precision, isNarrow, build });
      return await finish(request, device, made, started);
    }
    const [module, truth] = await both(
      buildModule(join(workspace, 'module'), graph, options),
      buildTruth(join(workspace, 'truth'), plain, device),
    );
    progress?.({ stage: 'check' });
    const trace = () => buildModule(join(workspace, 'traced'), graph, { ...options, memory: 'kept' });
    const check = await selfCheck({ module, truth, image: spec.image, threads, trace });
    let made = { built: module, check };
    let report: PlaceReport | undefined;
    if (request.place !== undefined && opencl === undefined) {
      progress?.({ stage: 'place' });
      const layOutPiece = (piece: Graph) => layOutStated(piece, machineOf(device, 1).lanes, choose, levelDtype(device.isa));
      const own = { plain, layOut: layOutPiece, options, cpu: module, truth, image: spec.image, threads, workspace };
      const placed = await placeModule({ ...own, wish: request.place });
      made = placed.module ?? made;
      report = placed.report;
    }
    return await finish(request, device, made, started, report);
  });
  progress?.({ stage: 'done' });
  return { manifest: answer.manifest, folder: outFolder, ...(answer.report === undefined ? {} : { place: answer.report }) };
}

interface Made {
  readonly built: Built;
  readonly check: SelfCheck;
  readonly precision?: PrecisionReport;
}

/** Writes the manifest into a checked module. */
async function finish(request: CompileRequest, device: CpuDevice, made: Made, started: number, place?: PlaceReport) {
  const { folder } = made.built;
  const manifest = manifestOf(request, device, made, (performance.now() - started) / 1000);
  await writeFile(join(folder, manifestFile), printManifest(manifest));
  return { folder, answer: { manifest, report: place } };
}

/**
 * Optimised, with levels in bytes and an algorithm for each convolution, fused, with layouts.
 * @param choose as reckoned, if it is left out
 */
export function layOut(plain: Graph, device: CpuDevice, choose: WinogradChoice = algorithmsFor(device, undefined)): Graph {
  return layOutFor(plain, machineOf(device, 1).lanes, choose, levelDtype(device.isa));
}

/**
 * @param lanes floats in a vector of the target, and channels in a block
 * @param levels bytes that the target sums products of
 */
export function layOutFor(plain: Graph, lanes: number, choose: WinogradChoice, levels?: LevelDtype): Graph {
  return layOutStated(optimize(plain), lanes, choose, levels);
}

/** @param graph optimised */
function layOutStated(graph: Graph, lanes: number, choose: WinogradChoice, levels?: LevelDtype): Graph {
  const stored = levels === undefined ? graph : verify(storeLevels(graph, levels));
  return verify(chooseLayouts(verify(fuse(verify(useWinograd(stored, choose)))), lanes));
}

function openclOptions(device: OpenclDevice, records: string | undefined): NonNullable<BuildOptions['opencl']> {
  return { device, schedule: openclScheduling(device, Known.at(openclPlace(device), records)) };
}

function buildOptions(graph: Graph, { spec, progress }: CompileRequest, device: CpuDevice): Omit<BuildOptions, 'schedule'> {
  return {
    device,
    optimization: '-O2',
    memory: 'shared',
    ...(spec.image === undefined ? {} : { images: imagePrologues(graph, spec.image) }),
    onProgress: (completed, total) => {
      progress?.(completed < total ? { stage: 'kernels', completed, total } : { stage: 'compiler' });
    },
  };
}

function manifestOf(
  { name, modelDigest, spec, otherSizes }: CompileRequest,
  device: CpuDevice,
  { built: module, check, precision }: Made,
  compileSeconds: number,
): Manifest {
  return {
    format: manifestFormat,
    compiler: compilerVersion,
    name,
    modelDigest,
    target: module.opencl === undefined ? 'cpu' : 'opencl',
    fingerprint: device.fingerprint,
    ...spec,
    ...runnableOf(module, spec.image),
    kernels: module.parts.infos,
    ...(otherSizes === undefined ? {} : { otherSizes }),
    weightBytes: module.weightBytes,
    files: module.files,
    selfCheck: check,
    ...(precision === undefined ? {} : { precision }),
    compileSeconds,
  };
}

/** Waits for both even if one fails, so that nothing writes any more when the failure is answered. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return await Promise.all([a, b]);
}
