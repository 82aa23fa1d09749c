// The compiler on one page: a graph goes in, a module folder comes out, checked.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { vectorLanes } from '../codegen/c.js';
import { OnboxError } from '../core/error.js';
import type { CpuDevice } from '../device/cpu.js';
import { describeCpu } from '../device/cpu.js';
import type { Graph } from '../graph/graph.js';
import { fuse } from '../graph/passes/fuse.js';
import { optimize } from '../graph/passes/index.js';
import { chooseLayouts } from '../graph/passes/layout.js';
import { verify } from '../graph/verify.js';
import { hasLowering } from '../lower/ops/index.js';
import { defaultSchedule } from '../schedule/default.js';
import type { Machine } from '../schedule/machine.js';
import { type AssembleOptions, assemble } from './assemble.js';
import { buildModule } from './build.js';
import { digestOf, manifestFile, objectFile, weightsFile, writeModuleFile } from './files.js';
import { imagePrologue } from './image.js';
import { type Manifest, manifestFormat, type VisionSpec } from './manifest.js';
import { type Checked, outputsOf, selfCheck } from './self-check.js';

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
  /** The folder to write; it should not exist or be empty. */
  readonly outFolder: string;
  readonly threads?: number;
  readonly progress?: (progress: CompileProgress) => void;
}

export interface CompileReport {
  readonly manifest: Manifest;
  readonly folder: string;
}

/** Version of the compiler, written into each manifest. */
export const compilerVersion = '0.1.0';

/**
 * Compiles a graph for the CPU of this machine, writes the module and checks it.
 * @throws OnboxError `lowering-missing`, `toolchain-…`, or `self-check-failed` naming the first value that differs
 */
export async function compile(request: CompileRequest): Promise<CompileReport> {
  const started = performance.now();
  const device = describeCpu();
  const { graph: plain, spec, outFolder, progress } = request;
  requireLowerings(plain);
  progress?.({ stage: 'graph' });
  const graph = layOut(plain, device);
  const options = assembleOptions(graph, spec, device, request.threads ?? device.cores.count, progress);
  const parts = assemble(graph, options);
  progress?.({ stage: 'compiler' });
  await buildModule(outFolder, parts, device.isa, [...device.flags, '-O2']);
  const manifest: Manifest = {
    ...spec,
    format: manifestFormat,
    name: request.name,
    compiler: compilerVersion,
    modelDigest: request.modelDigest,
    fingerprint: device.fingerprint,
    inputs: plain.inputs.map((name) => ({ name, ...typeOf(plain, name) })),
    outputs: outputsOf(graph, parts),
    kernels: parts.infos,
    plans: parts.plans,
    arenaBytes: parts.arenaBytes,
    weightBytes: parts.weights.length,
    files: await digests(outFolder),
    selfCheck: { passed: false, maxRelativeError: 0, outputs: [] },
    compileSeconds: 0,
  };
  progress?.({ stage: 'check' });
  const { image: _, ...kept } = options;
  const assembleKept = () => assemble({ ...graph, layouts: new Map() }, { ...kept, keepValues: true });
  const checked = await selfCheck({ plain, graph, manifest, folder: outFolder, device, assembleKept });
  requirePassed(checked);
  const finished = { ...manifest, selfCheck: checked.check, compileSeconds: (performance.now() - started) / 1000 };
  await writeModuleFile(outFolder, manifestFile, JSON.stringify(finished));
  progress?.({ stage: 'done' });
  return { manifest: finished, folder: outFolder };
}

function requireLowerings(graph: Graph): void {
  const missing = graph.nodes.filter((node) => !hasLowering(node.op));
  if (missing.length === 0) return;
  const kinds = [...new Set(missing.map((node) => node.op))];
  throw new OnboxError(`onbox has no code for ${kinds.join(', ')} (at ${JSON.stringify(missing[0]?.outputs[0] ?? '')})`, {
    code: 'lowering-missing',
    details: {
      operators: kinds.map((op) => ({
        op,
        nodes: missing
          .filter((node) => node.op === op)
          .map((node) => node.outputs[0])
          .slice(0, 5),
      })),
    },
  });
}

/** The graph that is lowered: optimised, fused, with layouts. */
export function layOut(plain: Graph, device: CpuDevice): Graph {
  return verify(chooseLayouts(verify(fuse(optimize(plain))), vectorLanes(device.isa)));
}

function assembleOptions(
  graph: Graph,
  spec: VisionSpec,
  device: CpuDevice,
  threads: number,
  progress: CompileRequest['progress'],
): AssembleOptions {
  const machine: Machine = {
    lanes: vectorLanes(device.isa),
    vectorRegisters: device.vectorRegisters,
    fmaPerCycle: device.fmaPerCycle,
    threads,
  };
  const first = graph.nodes.find((node) => node.op === 'copy' && node.inputs[0] === spec.image?.input);
  const image =
    spec.image === undefined || first === undefined ? undefined : imagePrologue(graph, first.outputs[0] ?? '', spec.image);
  return {
    schedule: (program) => defaultSchedule(program, machine),
    isa: device.isa,
    onProgress: (completed, total) => progress?.({ stage: 'kernels', completed, total }),
    ...(image === undefined ? {} : { image }),
  };
}

function typeOf(graph: Graph, name: string) {
  const type = graph.types.get(name);
  return { dtype: type?.dtype ?? 'f32', shape: type?.shape ?? [] };
}

async function digests(folder: string): Promise<Record<string, string>> {
  const entries = await Promise.all(
    [weightsFile, objectFile].map(async (name) => [name, digestOf(await readFile(join(folder, name)))] as const),
  );
  return Object.fromEntries(entries);
}

function requirePassed({ check, firstDifference }: Checked): void {
  if (check.passed) return;
  const where = firstDifference === undefined ? '' : `; the first value that differs is ${JSON.stringify(firstDifference)}`;
  throw new OnboxError(
    `the compiled module differs from the reference by ${check.maxRelativeError.toExponential(2)} of an output's largest magnitude${where}`,
    {
      code: 'self-check-failed',
      details: { outputs: check.outputs, firstDifference },
    },
  );
}
