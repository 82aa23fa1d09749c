// Many small graphs as one shared object: each is a plan of its own over one arena, so that the compiler starts once for all.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BufferRef } from '../../addon/index.js';
import { writeTable, writeUnit } from '../codegen/c.js';
import { assert } from '../core/assert.js';
import { dtypeBytes, elementCount, type Tensor, type TensorType, viewBytes } from '../core/tensor.js';
import type { CpuDevice } from '../device/cpu.js';
import { compileShared } from '../device/toolchain.js';
import type { Graph } from '../graph/graph.js';
import { closeOutputs } from '../graph/open.js';
import { assemble, type Parts } from './assemble.js';
import { compilerFlags } from './build.js';
import { objectFile, sourceFile, tableFile, weightsFile } from './files.js';
import { startNative } from './native.js';
import { schedulingFor } from './scheduling.js';
import { WeightFile } from './weights.js';

export interface BatchEntry {
  /** Every node has a lowering, every output is written by a node. */
  readonly graph: Graph;
  /** By name, all of them. */
  readonly inputs: ReadonlyMap<string, Tensor>;
}

const compilerTimeoutMs = 10 * 60_000;
/** As many files, so that two cores compile at once. */
const unitsMax = 2;
const threads = 2;

/**
 * Compiles and runs every entry.
 * @returns the outputs of each, by name
 * @throws OnboxError of compileShared
 */
export async function runBatch(entries: readonly BatchEntry[], device: CpuDevice): Promise<ReadonlyMap<string, Tensor>[]> {
  const folder = await mkdtemp(join(tmpdir(), 'onbox-conformance-'));
  try {
    const all = assembleAll(folder, entries, device);
    await build(folder, all, device);
    return await run(folder, entries, all);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function assembleAll(folder: string, entries: readonly BatchEntry[], device: CpuDevice): Parts[] {
  const weights = new WeightFile(join(folder, weightsFile));
  try {
    const schedule = schedulingFor(device, threads, undefined);
    let firstKernel = 0;
    return entries.map(({ graph }) => {
      const parts = renumber(assemble(graph, weights, { schedule, isa: device.isa, memory: 'shared' }), firstKernel);
      firstKernel += parts.kernels.length;
      return parts;
    });
  } finally {
    weights.close();
  }
}

/** The same parts with kernels k<by>, k<by + 1>, … */
function renumber({ kernels, plans, ...rest }: Parts, by: number): Parts {
  const rename = (text: string, i: number) => text.replaceAll(`void k${i}(`, `void k${by + i}(`);
  return {
    ...rest,
    kernels: kernels.map((kernel, i) => (kernel === null ? null : { ...kernel, text: rename(kernel.text, i) })),
    plans: plans.map((launches) =>
      launches.map((launch) => ('kernel' in launch ? { ...launch, kernel: launch.kernel + by } : launch)),
    ),
  };
}

async function build(folder: string, all: readonly Parts[], device: CpuDevice): Promise<void> {
  const kernels = all.flatMap((parts) => parts.kernels);
  const texts = kernels.flatMap((kernel) => kernel?.text ?? []);
  const perUnit = Math.ceil(texts.length / unitsMax);
  const files = new Map([[tableFile, writeTable(kernels.length, (i) => kernels[i] !== null)]]);
  for (let unit = 0; unit * perUnit < texts.length; unit++) {
    files.set(sourceFile(unit), writeUnit(texts.slice(unit * perUnit, (unit + 1) * perUnit), device.isa));
  }
  await Promise.all([...files].map(([name, text]) => writeFile(join(folder, name), text)));
  const sources = [...files.keys()].map((name) => join(folder, name));
  const output = join(folder, objectFile);
  await compileShared({ sources, output, flags: compilerFlags(device, '-O2'), timeoutMs: compilerTimeoutMs });
}

async function run(folder: string, entries: readonly BatchEntry[], all: readonly Parts[]): Promise<Map<string, Tensor>[]> {
  const feeds = entries.flatMap(({ graph, inputs }) => graph.inputs.map((name) => required(inputs.get(name), name)));
  let firstInput = 0;
  const plans = all.map(({ plans: [launches = []] }, i) => {
    const moved = launches.map((launch) => ({ ...launch, buffers: launch.buffers.map((ref) => moveInput(ref, firstInput)) }));
    firstInput += entries[i]?.graph.inputs.length ?? 0;
    return moved;
  });
  const inputs = feeds.map(({ dtype, shape }, i) => ({ name: `input${i}`, dtype, shape }));
  const arenaBytes = Math.max(...all.map((parts) => parts.arenaBytes));
  const native = startNative(folder, { inputs, outputs: [], plans, arenaBytes }, threads);
  try {
    const bytes = feeds.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const results: Map<string, Tensor>[] = [];
    for (const [plan, { graph }] of entries.entries()) {
      await native.run(plan, bytes);
      results.push(outputsOf(graph, all[plan] as Parts, (offset, count) => native.view(offset, count)));
    }
    return results;
  } finally {
    native.close();
  }
}

function moveInput(ref: BufferRef, by: number): BufferRef {
  return ref.space === 'input' ? { ...ref, offset: ref.offset + by } : ref;
}

/** Copies: the next plan overwrites the arena. */
function outputsOf(graph: Graph, { offsets }: Parts, view: (offset: number, bytes: number) => Uint8Array): Map<string, Tensor> {
  const all = new Map(
    graph.outputs.map(({ name, value }): [string, Tensor] => {
      const { dtype, shape } = required<TensorType>(graph.types.get(value), value);
      const bytes = view(required(offsets.get(value), value), elementCount(shape) * dtypeBytes(dtype));
      return [name, { dtype, shape, data: viewBytes(dtype, Uint8Array.from(bytes)) }];
    }),
  );
  return closeOutputs(graph.open, all);
}

function required<T>(found: T | undefined, name: string): T {
  assert(found !== undefined, `"${name}" is missing`);
  return found;
}
