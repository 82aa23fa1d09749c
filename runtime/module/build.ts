// One module: assembles a graph, writes sources and weights into a folder and runs the compiler of the box on them.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { writeTable, writeUnit } from '../codegen/c.js';
import type { CpuDevice } from '../device/cpu.js';
import { compileShared } from '../device/toolchain.js';
import type { Graph } from '../graph/graph.js';
import { type AssembleOptions, assemble, type Parts } from './assemble.js';
import { digestOf, objectFile, packageRoot, sourceFile, tableFile, weightsFile } from './files.js';
import { WeightFile } from './weights.js';

export interface BuildOptions extends Omit<AssembleOptions, 'isa'> {
  readonly device: CpuDevice;
  readonly optimization: '-O1' | '-O2';
}

/** A module on disk, but for its manifest. */
export interface Built {
  readonly folder: string;
  readonly graph: Graph;
  readonly parts: Parts;
  readonly weightBytes: number;
  /** SHA-256 by file name, hex. */
  readonly files: Readonly<Record<string, string>>;
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
  const { device, optimization, ...rest } = options;
  await mkdir(folder);
  const weights = new WeightFile(join(folder, weightsFile));
  try {
    const parts = assemble(graph, weights, { ...rest, isa: device.isa });
    const sources = await writeSources(folder, parts, device.isa);
    const flags = compilerFlags(device, optimization);
    const output = join(folder, objectFile);
    await compileShared({ sources: sources.map((name) => join(folder, name)), output, flags, timeoutMs: compilerTimeoutMs });
    const files: Record<string, string> = { [weightsFile]: weights.digest() };
    for (const name of [...sources, objectFile]) files[name] = digestOf(await readFile(join(folder, name)));
    return { folder, graph, parts, weightBytes: weights.bytes, files };
  } finally {
    weights.close();
  }
}

/** For the C of kernels and of their table. */
export function compilerFlags(device: CpuDevice, optimization: BuildOptions['optimization']): string[] {
  return [...commonFlags, ...device.flags, optimization, `-I${includeFolder()}`];
}

async function writeSources(folder: string, parts: Parts, isa: string): Promise<string[]> {
  const texts = new Map<string, string>([[tableFile, writeTable(parts.kernels.length)]]);
  for (const [unit, kernels] of shareOut(parts).entries()) texts.set(sourceFile(unit), writeUnit(kernels, isa));
  await Promise.all([...texts].map(([name, text]) => writeFile(join(folder, name), text)));
  return [...texts.keys()];
}

/** Splits the kernels into files of about the same length. */
function shareOut(parts: Parts): string[][] {
  const length = parts.kernels.reduce((sum, { text }) => sum + text.length, 0);
  const count = Math.max(1, Math.min(availableParallelism() * unitsPerProcessor, Math.round(length / unitTextMin)));
  const units = Array.from({ length: count }, () => ({ texts: [] as string[], length: 0 }));
  for (const { text } of [...parts.kernels].sort((a, b) => b.text.length - a.text.length)) {
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
