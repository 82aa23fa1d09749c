// Many schedules of one program compiled at once: each is a plan over the same data, and one more for every further copy of it.

import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BufferRef, ClLaunch, Launch } from '../../addon/index.js';
import { type KernelSource, writeKernels, writeTable, writeUnit } from '../codegen/c.js';
import type { ClKernelSource } from '../codegen/opencl.js';
import { assert } from '../core/assert.js';
import type { TensorData } from '../core/tensor.js';
import type { CpuDevice } from '../device/cpu.js';
import type { MeasureRequest } from '../device/measure-messages.js';
import { compileShared } from '../device/toolchain.js';
import { pack } from '../loop/pack.js';
import type { Program } from '../loop/program.js';
import { apply } from '../schedule/apply.js';
import type { Schedule } from '../schedule/steps.js';
import { compilerFlags } from './build.js';
import { objectFile, sourceFile, tableFile, weightsFile } from './files.js';
import type { TrialData } from './trial-data.js';
import { WeightFile } from './weights.js';

/** By schedule and copy of the data, and what they run from. */
export type Batch = Pick<MeasureRequest, 'object' | 'opencl' | 'weights' | 'candidates'>;

/** What schedules are compiled for. */
export interface BatchTarget {
  /** The kernels of a scheduled program; the first of them is named `k` and the number `first`. */
  write(program: Program, first: number): readonly (KernelSource | ClKernelSource)[];
  /**
   * Makes kernels k0, k1, … into what a measurement loads.
   * @param folder absolute
   */
  build(folder: string, kernels: readonly string[]): Promise<Pick<Batch, 'object' | 'opencl'>>;
}

/** Of one batch. */
const compilerTimeoutMs = 120_000;
/** As many files, so that two cores compile at once. */
const units = 2;
/** Weights larger than this are not copied: no cache holds them from one run to the next. */
const copiedWeightBytesMax = 8 * 1024 * 1024;
const alignment = 64;

/** One schedule as it is launched; offsets of `weights` are those of the first copy. */
interface Scheduled {
  readonly kernels: readonly { readonly kernel: number; readonly source: KernelSource | ClKernelSource }[];
  readonly weights: ReadonlyMap<string, number>;
}

/**
 * @param folder absolute, for the files of the batch
 * @param schedules every step is legal
 * @throws OnboxError of the target
 */
export async function compileBatch(
  folder: string,
  program: Program,
  schedules: readonly Schedule[],
  data: TrialData,
  target: BatchTarget,
): Promise<Batch> {
  const weights = join(folder, weightsFile);
  const sink = new WeightFile(weights);
  const kernels: string[] = [];
  let scheduled: Scheduled[];
  try {
    scheduled = schedules.map((schedule) => writeSchedule(program, schedule, data, target, kernels, sink));
  } finally {
    sink.close();
  }
  const stride = await copyWeights(weights, sink.bytes, data.copies);
  const built = await target.build(folder, kernels);
  const candidates = scheduled.map((one) =>
    Array.from({ length: data.copies }, (_, copy) => launchesOf(one, data, copy, stride * copy)),
  );
  return { ...built, weights, candidates };
}

/** As C for the processor, in one shared object. Its `build` throws what compileShared does. */
export function cpuBatches(device: CpuDevice): BatchTarget {
  return {
    write: (program, first) => writeKernels((i) => `k${first + i}`, program, device.isa),
    build: async (folder, kernels) => {
      const object = join(folder, objectFile);
      const files = new Map([[tableFile, writeTable(kernels.length)]]);
      const perUnit = Math.ceil(kernels.length / units);
      for (let unit = 0; unit * perUnit < kernels.length; unit++) {
        files.set(sourceFile(unit), writeUnit(kernels.slice(unit * perUnit, (unit + 1) * perUnit), device.isa));
      }
      await Promise.all([...files].map(([name, text]) => writeFile(join(folder, name), text)));
      const sources = [...files.keys()].map((name) => join(folder, name));
      await compileShared({ sources, output: object, flags: compilerFlags(device, '-O2'), timeoutMs: compilerTimeoutMs });
      return { object };
    },
  };
}

function writeSchedule(
  program: Program,
  schedule: Schedule,
  data: TrialData,
  target: BatchTarget,
  kernels: string[],
  sink: WeightFile,
): Scheduled {
  const applied = apply(schedule, program);
  assert(applied.legal, applied.legal ? '' : `step ${applied.step} of a candidate: ${applied.reason}`);
  const first = kernels.length;
  const sources = target.write(applied.program, first);
  kernels.push(...sources.map(({ text }) => text));
  const add = (of: TensorData): number => sink.add(new Uint8Array(of.buffer, of.byteOffset, of.byteLength));
  const used = new Set(sources.flatMap(({ buffers }) => buffers));
  const weights = new Map<string, number>();
  for (const packing of applied.program.packings) weights.set(packing.buffer, add(pack(packing, data.constants)));
  for (const [name, { data: values }] of data.constants) if (used.has(name)) weights.set(name, add(values));
  return { kernels: sources.map((source, i) => ({ kernel: first + i, source })), weights };
}

/** Writes all weights once more for every further copy. @returns the bytes from one copy to the next, 0 where all share one */
async function copyWeights(path: string, bytes: number, copies: number): Promise<number> {
  if (bytes > copiedWeightBytesMax) return 0;
  const content = await readFile(path);
  const padding = Buffer.alloc((alignment - (bytes % alignment)) % alignment);
  for (let copy = 1; copy < copies; copy++) await appendFile(path, Buffer.concat([padding, content]));
  return bytes + padding.length;
}

function launchesOf(
  { kernels, weights }: Scheduled,
  data: TrialData,
  copy: number,
  weightOffset: number,
): (Launch | ClLaunch)[] {
  const place = (name: string): BufferRef => {
    const weight = weights.get(name);
    if (weight !== undefined) return { space: 'weights', offset: weight + weightOffset };
    const offset = data.offsets[copy]?.get(name);
    assert(offset !== undefined, `"${name}" has no place`);
    return { space: 'arena', offset };
  };
  return kernels.map(({ kernel, source: { text: _, buffers, ...extents } }) => {
    return { kernel, ...extents, buffers: buffers.map(place) };
  });
}
