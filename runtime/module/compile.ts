// The compiler on one page: a graph goes in, a module folder comes out, checked.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { CpuDevice } from '../device/cpu.js';
import { describeCpu } from '../device/cpu.js';
import type { Graph } from '../graph/graph.js';
import { fuse } from '../graph/passes/fuse.js';
import { optimize } from '../graph/passes/index.js';
import { chooseLayouts } from '../graph/passes/layout.js';
import { useWinograd } from '../graph/passes/winograd.js';
import { verify } from '../graph/verify.js';
import { chooseWinograd } from '../schedule/algorithm.js';
import { type BuildOptions, type Built, buildModule } from './build.js';
import { manifestFile } from './files.js';
import { imagePrologues } from './image.js';
import { machineOf } from './machine.js';
import { compilerVersion, type Manifest, manifestFormat, type SelfCheck, type VisionSpec } from './manifest.js';
import { printManifest } from './read.js';
import { requireCompilable } from './refuse.js';
import { runnableOf } from './runnable.js';
import { schedulingFor } from './scheduling.js';
import { selfCheck } from './self-check.js';
import { buildTruth } from './truth.js';
import { makeFolder } from './workspace.js';

export interface CompileProgress {
  readonly stage: 'import' | 'graph' | 'kernels' | 'compiler' | 'check' | 'done';
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
  /** That the schedules are for: the machine's cores where it is absent. */
  readonly threads?: number;
  /** A file of what was measured here (`Records`); the default schedules are used for what it does not hold. */
  readonly records?: string;
  readonly progress?: (progress: CompileProgress) => void;
}

export interface CompileReport {
  readonly manifest: Manifest;
  readonly folder: string;
}

/** From the graph as imported to the one that is lowered. */
export type Preparation = (plain: Graph, device: CpuDevice) => Graph;

/**
 * Compiles a graph for the CPU of this machine, writes the module and checks it.
 * @param prepare what is done to the graph before it is lowered; tests of the self-check put a fault in here
 * @throws OnboxError of requireCompilable, `folder-not-empty`, `toolchain-…`, or `self-check-failed` naming the first value that differs
 */
export async function compile(request: CompileRequest, prepare: Preparation = layOut): Promise<CompileReport> {
  const started = performance.now();
  const { graph: plain, spec, outFolder, progress } = request;
  requireCompilable(plain, spec.image);
  const device = describeCpu();
  const threads = request.threads ?? device.cores.count;
  progress?.({ stage: 'graph' });
  const graph = prepare(plain, device);
  const options = buildOptions(graph, request, device, threads);

  const manifest = await makeFolder(outFolder, async (workspace) => {
    const [module, truth] = await both(
      buildModule(join(workspace, 'module'), graph, options),
      buildTruth(join(workspace, 'truth'), plain, device),
    );
    progress?.({ stage: 'check' });
    const trace = () => buildModule(join(workspace, 'traced'), graph, { ...options, memory: 'kept' });
    const check = await selfCheck({ module, truth, image: spec.image, threads, trace });
    const seconds = (performance.now() - started) / 1000;
    const made = manifestOf(request, device, module, check, seconds);
    await writeFile(join(module.folder, manifestFile), printManifest(made));
    return { folder: module.folder, answer: made };
  });
  progress?.({ stage: 'done' });
  return { manifest, folder: outFolder };
}

/** Optimised, with an algorithm for each convolution, fused, with layouts. */
export function layOut(plain: Graph, device: CpuDevice): Graph {
  const machine = machineOf(device, device.cores.count);
  const stated = verify(useWinograd(optimize(plain), (facts) => chooseWinograd(machine, facts)));
  return verify(chooseLayouts(verify(fuse(stated)), machine.lanes));
}

function buildOptions(
  graph: Graph,
  { spec, progress, records }: CompileRequest,
  device: CpuDevice,
  threads: number,
): BuildOptions {
  return {
    device,
    optimization: '-O2',
    schedule: schedulingFor(device, threads, records),
    memory: 'shared',
    ...(spec.image === undefined ? {} : { images: imagePrologues(graph, spec.image) }),
    onProgress: (completed, total) => {
      progress?.(completed < total ? { stage: 'kernels', completed, total } : { stage: 'compiler' });
    },
  };
}

function manifestOf(
  { name, modelDigest, spec }: CompileRequest,
  device: CpuDevice,
  module: Built,
  check: SelfCheck,
  compileSeconds: number,
): Manifest {
  return {
    format: manifestFormat,
    compiler: compilerVersion,
    name,
    modelDigest,
    target: 'cpu',
    fingerprint: device.fingerprint,
    ...spec,
    ...runnableOf(module, spec.image),
    kernels: module.parts.infos,
    weightBytes: module.weightBytes,
    files: module.files,
    selfCheck: check,
    compileSeconds,
  };
}

/** Waits for both even if one fails, so that nothing writes any more when the failure is answered. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return await Promise.all([a, b]);
}
