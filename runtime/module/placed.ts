// A module with regions on an NPU, built beside the one for the CPU, and taken only if it is right and the whole model gains.

import { join } from 'node:path';
import { assert } from '../core/assert.js';
import { OnboxError } from '../core/error.js';
import { listNpuPlugins } from '../device/npu.js';
import type { Graph } from '../graph/graph.js';
import { optimize } from '../graph/passes/index.js';
import { verify } from '../graph/verify.js';
import { offload } from '../place/offload.js';
import { edgesOf } from '../place/partition.js';
import { layOutPieces } from '../place/segments.js';
import { type BuildOptions, type Built, buildModule } from './build.js';
import { readValue } from './difference.js';
import { objectFile } from './files.js';
import { imagePrologues } from './image.js';
import type { ImageInput, SelfCheck } from './manifest.js';
import { type Placement, type PlaceReport, type PlaceWish, place } from './placement.js';
import { regionErrorMax } from './region-trial.js';
import { runnableOf } from './runnable.js';
import { makeSample } from './sample.js';
import { selfCheck } from './self-check.js';
import { startSession } from './session.js';
import { medianOf, timeInTurns } from './speed.js';
import { buildTruth } from './truth.js';

export interface PlacedRequest {
  /** As imported. */
  readonly plain: Graph;
  /** What makes a piece of an optimised graph ready to be lowered. */
  readonly layOut: (piece: Graph) => Graph;
  /** Of the module for the CPU. */
  readonly options: BuildOptions;
  /** The module for the CPU, and its truth. */
  readonly cpu: Built;
  readonly truth: Built;
  readonly image: ImageInput | undefined;
  readonly threads: number;
  readonly workspace: string;
  readonly wish: PlaceWish;
}

export interface Placed {
  /** The module with regions; undefined where the one for the CPU is better. */
  readonly module?: { readonly built: Built; readonly check: SelfCheck };
  readonly report: PlaceReport;
}

/** A placement that was not asked for must take at most so much of the CPU's time. */
const timeShareMax = 0.9;
/** Rounds of a comparison whose winner is settled. */
const fewRounds = 3;
const nonePlugged = 'no plugin for an NPU is configured: ONBOX_NPU_FOLDERS is empty';
const profileWarmups = 2;
const profileRuns = 5;

/** @throws OnboxError `npu-folder`; `npu-missing` where a wish other than `auto` finds no plugin */
export function requirePlugins(wish: PlaceWish): void {
  if (listNpuPlugins().length === 0 && wish !== 'auto') throw new OnboxError(nonePlugged, { code: 'npu-missing' });
}

/** @throws OnboxError `npu-folder`, `place-invalid` */
export async function placeModule(request: PlacedRequest): Promise<Placed> {
  const graph = verify(optimize(request.plain));
  const placement = listNpuPlugins().length === 0 ? undefined : await findPlacement(request, graph);
  if (placement === undefined) return { report: { ...noReport, verdict: nonePlugged } };
  const { report } = placement;
  if (placement.stretches.length === 0) return { report };
  const built = await buildPlaced(request, graph, placement);
  try {
    const check = await checkPlaced(request, built, placement);
    const times = await compareWithCpu(request, built);
    const measured = { ...report, cpuMs: times.cpuMs, placedMs: times.placedMs };
    if (request.wish === 'auto' && times.placedMs > timeShareMax * times.cpuMs) {
      return { report: onCpu(measured, `the whole model gains less than ${Math.round(100 - 100 * timeShareMax)} %`) };
    }
    return { module: { built, check }, report: measured };
  } catch (error) {
    if (!(error instanceof OnboxError) || error.code !== 'self-check-failed') throw error;
    return { report: onCpu(report, `the whole model is not right: ${error.message}`) };
  }
}

const noReport: Omit<PlaceReport, 'verdict'> = { plugin: null, device: null, precision: null, nodes: [], regions: [] };

/** The report of a placement that was given up. */
function onCpu(report: PlaceReport, reason: string): PlaceReport {
  return {
    ...report,
    plugin: null,
    nodes: report.nodes.map((node) => (node.target === 'cpu' ? node : { ...node, target: 'cpu', reason })),
    regions: report.regions.map((region) => (region.isTaken ? { ...region, isTaken: false, reason } : region)),
    verdict: `everything runs on the CPU: ${reason}`,
  };
}

/** Every stretch is fed with what the plain translation of the graph computes, and held against it. */
async function findPlacement(request: PlacedRequest, graph: Graph): Promise<Placement | undefined> {
  const { workspace, options, cpu, image, threads, wish } = request;
  const built = await buildTruth(join(workspace, 'values'), graph, options.device);
  const runnable = runnableOf(built, undefined);
  const session = startSession(built.folder, runnable, threads);
  try {
    const { tensors } = makeSample(runnable.inputs, image);
    await session.runTensors(tensors);
    const readOnCpu = (name: string) => {
      const value = tensors.get(name) ?? readValue({ built, session }, name);
      assert(value !== undefined, `"${name}" has no value`);
      return value;
    };
    const cpuNs = await timeNodes(request, graph);
    return await place({ graph, readOnCpu, cpuNs, object: join(cpu.folder, objectFile), workspace }, wish);
  } finally {
    session.close();
  }
}

/** Nanoseconds of each node in the module for the CPU; a launch counts for the last node that it computes. */
async function timeNodes({ cpu, threads }: PlacedRequest, graph: Graph): Promise<number[]> {
  const runnable = onTensors(cpu);
  const session = startSession(cpu.folder, runnable, threads);
  const times: Float64Array[] = [];
  try {
    const { tensors } = makeSample(runnable.inputs, undefined);
    for (let run = -profileWarmups; run < profileRuns; run++) {
      const profile = await session.profileTensors(tensors);
      if (run >= 0) times.push(profile);
    }
  } finally {
    session.close();
  }
  const nodeOf = new Map(graph.nodes.flatMap(({ outputs }, index) => outputs.map((output) => [output, index] as const)));
  const nanoseconds = graph.nodes.map(() => 0);
  let node = 0;
  for (const [launch, value] of cpu.parts.written.entries()) {
    node = nodeOf.get(value) ?? node;
    nanoseconds[node] = (nanoseconds[node] ?? 0) + medianOf(times.map((profile) => profile[launch] ?? 0));
  }
  return nanoseconds;
}

async function buildPlaced(request: PlacedRequest, graph: Graph, placement: Placement): Promise<Built> {
  const { options, image, workspace, layOut } = request;
  const { stretches, precision, plugin, fingerprint } = placement;
  const joined = layOutPieces(graph, stretches, layOut);
  return await buildModule(join(workspace, 'placed'), verify(joined.graph), {
    ...options,
    ...(image === undefined ? {} : { images: imagePrologues(joined.graph, image) }),
    regions: joined.regions,
    npu: (addConstant) => ({
      plugin: plugin.name,
      fingerprint,
      regions: stretches.map((stretch) => {
        const nodes = graph.nodes.slice(stretch.first, stretch.end);
        return offload(graph, nodes, edgesOf(graph, stretch).outputs, precision, addConstant).subgraph;
      }),
    }),
  });
}

/** With the NPU, and without it: what stands behind the regions must be as right as any module. */
async function checkPlaced(request: PlacedRequest, built: Built, { precision }: Placement): Promise<SelfCheck> {
  const { truth, image, threads, options, workspace } = request;
  const { npu: _, ...rest } = built;
  const plans = built.parts.plans.map((plan) => plan.filter((step) => !('region' in step)));
  const alone = { ...rest, parts: { ...built.parts, plans } };
  const trace = () => buildModule(join(workspace, 'placed-traced'), built.graph, { ...options, memory: 'kept' });
  await selfCheck({ module: alone, truth, image, threads, trace });
  return await selfCheck({ module: built, truth, image, threads, trace, errorMax: 2 * regionErrorMax[precision] });
}

async function compareWithCpu(
  { cpu, threads, wish }: PlacedRequest,
  built: Built,
): Promise<{ cpuMs: number; placedMs: number }> {
  const sessions = [cpu, built].map((module) => startSession(module.folder, onTensors(module), threads));
  try {
    const [onCpuAlone, placed] = await timeInTurns(sessions, wish === 'auto' ? undefined : fewRounds);
    return { cpuMs: onCpuAlone?.medianMs ?? Number.NaN, placedMs: placed?.medianMs ?? Number.NaN };
  } finally {
    for (const session of sessions) session.close();
  }
}

/** Without the plans for pictures. */
function onTensors(module: Built) {
  const runnable = runnableOf(module, undefined);
  return { ...runnable, plans: runnable.plans.slice(0, 1) };
}
