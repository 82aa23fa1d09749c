// One module: assembles a graph, writes sources and weights into a folder and runs the compiler of the box on them.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { type KernelSource, writeTable, writeUnit } from '../codegen/c.js';
import { writeClProgram } from '../codegen/opencl.js';
import type { CpuDevice } from '../device/cpu.js';
import type { OpenclDevice } from '../device/opencl.js';
import { compileShared } from '../device/toolchain.js';
import type { Graph } from '../graph/graph.js';
import { type AssembleOptions, assemble, type Parts, type Scheduling } from './assemble.js';
import { digestOf, objectFile, packageRoot, programFile, sourceFile, tableFile, weightsFile } from './files.js';
import type { NpuPart, OpenclPart } from './manifest.js';
import { openclPart } from './opencl-target.js';
import { WeightFile } from './weights.js';

export interface BuildOptions extends Omit<AssembleOptions, 'isa' | 'openclSchedule'> {
  readonly device: CpuDevice;
  /** The device that runs what it can; the CPU runs the rest. */
  readonly opencl?: { readonly device: OpenclDevice; readonly schedule: Scheduling };
  readonly optimization: '-O1' | '-O2';
  /** The NPU side, whose constants go into the weights. */
  readonly npu?: (addConstant: (bytes: Uint8Array) => number) => NpuPart;
}

/** A module on disk, but for its manifest. */
export interface Built {
  readonly folder: string;
  readonly graph: Graph;
  readonly parts: Parts;
  readonly weightBytes: number;
  /** SHA-256 by file name, hex. */
  readonly files: Readonly<Record<string, string>>;
  /** Of a module for an OpenCL device. */
  readonly opencl?: OpenclPart;
  /** Of a module with regions on an NPU. */
  readonly npu?: NpuPart;
}

/** gcc is stopped after this. */
const compilerTimeoutMs = 20 * 60_000;

/** Files of kernels for each processor, so that one long kernel does not leave the others idle. */
const unitsPerProcessor = 3;

/** Characters of a file of kernels that are worth a compiler process, which takes half a second to read the headers. */
const unitTextMin = 80_000;

/** Of all modules; -ffp-contract lets a product and a sum become one instruction. */
const commonFlags = [
  '-std=gnu11',
  '-fvisibility=hidden',
  '-ffp-contract=fast',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-fno-semantic-interposition',
];

/**
 * @param folder to make
 * @param graph every node has a lowering, every output is written by a node
 * @throws OnboxError `toolchain-missing`, `toolchain-failed`, `toolchain-timeout`
 */
export async function buildModule(folder: string, graph: Graph, options: BuildOptions): Promise<Built> {
  const { device, optimization, opencl, npu, ...rest } = options;
  await mkdir(folder);
  const weights = new WeightFile(join(folder, weightsFile));
  try {
    const openclSchedule = opencl === undefined ? {} : { openclSchedule: opencl.schedule };
    const parts = assemble(graph, weights, { ...rest, ...openclSchedule, isa: device.isa });
    const npuPart = npu === undefined ? {} : { npu: npu((bytes) => weights.add(bytes)) };
    const made: string[] = [];
    if (opencl !== undefined) made.push(await writeProgram(folder, parts));
    if (opencl === undefined || parts.kernels.some((kernel) => kernel === null || isForCpu(kernel))) {
      const sources = await writeSources(folder, parts, device.isa);
      const flags = compilerFlags(device, optimization);
      const output = join(folder, objectFile);
      await compileShared({ sources: sources.map((name) => join(folder, name)), output, flags, timeoutMs: compilerTimeoutMs });
      made.push(...sources, objectFile);
    }
    const files: Record<string, string> = { [weightsFile]: weights.digest() };
    for (const name of made) files[name] = digestOf(await readFile(join(folder, name)));
    const part = opencl === undefined ? {} : { opencl: openclPart(opencl.device) };
    return { folder, graph, parts, weightBytes: weights.bytes, files, ...part, ...npuPart };
  } finally {
    weights.close();
  }
}

/** For the C of kernels and of their table. */
export function compilerFlags(device: CpuDevice, optimization: BuildOptions['optimization']): string[] {
  return [...commonFlags, ...device.flags, optimization, `-I${includeFolder()}`];
}

function isForCpu(kernel: Parts['kernels'][number]): kernel is KernelSource {
  return kernel !== null && 'extent' in kernel;
}

/** The kernels of the OpenCL device. */
async function writeProgram(folder: string, { kernels }: Parts): Promise<string> {
  const texts = kernels.flatMap((kernel) => (kernel === null || isForCpu(kernel) ? [] : [kernel.text]));
  await writeFile(join(folder, programFile), writeClProgram(texts));
  return programFile;
}

async function writeSources(folder: string, parts: Parts, isa: string): Promise<string[]> {
  const isThere = (i: number) => 'extent' in (parts.kernels[i] ?? {});
  const texts = new Map<string, string>([[tableFile, writeTable(parts.kernels.length, isThere)]]);
  for (const [unit, kernels] of shareOut(parts).entries()) texts.set(sourceFile(unit), writeUnit(kernels, isa));
  await Promise.all([...texts].map(([name, text]) => writeFile(join(folder, name), text)));
  return [...texts.keys()];
}

/** Splits the kernels into files of about the same length. */
function shareOut(parts: Parts): string[][] {
  const kernels = parts.kernels.filter(isForCpu);
  const length = kernels.reduce((sum, { text }) => sum + text.length, 0);
  const count = Math.max(1, Math.min(availableParallelism() * unitsPerProcessor, Math.round(length / unitTextMin)));
  const units = Array.from({ length: count }, () => ({ texts: [] as string[], length: 0 }));
  for (const { text } of [...kernels].sort((a, b) => b.text.length - a.text.length)) {
    const smallest = units.reduce((least, unit) => (unit.length < least.length ? unit : least));
    smallest.texts.push(text);
    smallest.length += text.length;
  }
  return units.filter((unit) => unit.texts.length > 0).map((unit) => unit.texts);
}

/** The folder of onbox_module.h. */
function includeFolder(): string {
  return resolve(packageRoot(), 'addon', 'include');
}
