// Runs programs as compiled C: many programs make one shared object, each is a plan of one session.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Launch, loadAddon } from '../../addon/index.js';
import { writeKernels, writeTable, writeUnit } from '../../runtime/codegen/c.js';
import { dtypeBytes, elementCount, type Tensor, viewBytes } from '../../runtime/core/tensor.js';
import { describeCpu } from '../../runtime/device/cpu.js';
import { compileShared } from '../../runtime/device/toolchain.js';
import { pack } from '../../runtime/loop/pack.js';
import type { Buffer, Program } from '../../runtime/loop/program.js';

/** A program and the content of its inputs and constants. */
export interface Job {
  readonly program: Program;
  readonly feeds: ReadonlyMap<string, Tensor>;
}

type Placed = ReadonlyMap<string, { readonly buffer: Buffer; readonly offset: number }>;

/** Instruction sets that this machine can run, widest first. */
export function runnableIsas(): string[] {
  const { arch, isa } = describeCpu({ isa: undefined });
  if (arch === 'arm64') return ['neon'];
  const all = ['avx512', 'avx2', 'sse2'];
  return all.slice(all.indexOf(isa));
}

/** The outputs of every job, computed by C compiled for `isa`. */
export async function runCompiled(jobs: readonly Job[], isa: string): Promise<Map<string, Tensor>[]> {
  const folder = mkdtempSync(join(tmpdir(), 'onbox-codegen-'));
  try {
    return await runIn(folder, jobs, isa);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runIn(folder: string, jobs: readonly Job[], isa: string): Promise<Map<string, Tensor>[]> {
  const kernels: ReturnType<typeof writeKernels> = [];
  let arenaBytes = 0;
  const places: Placed[] = jobs.map(({ program }) => {
    const placed = program.buffers.map((buffer) => {
      const offset = arenaBytes;
      arenaBytes += Math.ceil((elementCount(buffer.shape) * dtypeBytes(buffer.dtype)) / 64) * 64;
      return [buffer.name, { buffer, offset }] as const;
    });
    return new Map(placed);
  });
  const plans = jobs.map(({ program }, job): Launch[] => {
    const first = kernels.length;
    const sources = writeKernels((i) => `k${first + i}`, program, isa);
    kernels.push(...sources);
    return sources.map(({ buffers, extent }, i) => ({
      kernel: first + i,
      extent,
      buffers: buffers.map((name) => ({ space: 'arena', offset: places[job]?.get(name)?.offset ?? -1 })),
    }));
  });
  const session = loadAddon().createSession({
    ...(await compileKernels(
      folder,
      kernels.map(({ text }) => text),
      isa,
    )),
    arenaBytes,
    plans,
    inputBytes: [],
    // More than one, so that kernels are called with parts of their range.
    threads: 3,
  });
  const results: Map<string, Tensor>[] = [];
  const view = ({ dtype, shape }: Buffer, offset: number): Tensor => ({
    dtype,
    shape,
    data: viewBytes(dtype, session.view(offset, elementCount(shape) * dtypeBytes(dtype))),
  });
  for (const [job, { program, feeds }] of jobs.entries()) {
    const outputs = new Map<string, Tensor>();
    const known = new Map(feeds);
    for (const packing of program.packings) {
      const shape = packing.loops.map((loop) => loop.extent);
      known.set(packing.buffer, { dtype: packing.value.dtype, shape, data: pack(packing, known) });
    }
    for (const { buffer, offset } of places[job]?.values() ?? []) {
      const there = view(buffer, offset);
      const given = known.get(buffer.name);
      if (given !== undefined) (there.data as Float32Array).set(given.data as Float32Array);
      else outputs.set(buffer.name, there);
    }
    await session.run(job, []);
    for (const [name, { data, ...type }] of outputs) outputs.set(name, { ...type, data: data.slice() });
    results.push(outputs);
  }
  session.close();
  return results;
}

/** With the flags of real modules that change what floats come out as. */
async function compileKernels(folder: string, kernels: readonly string[], isa: string) {
  const half = Math.ceil(kernels.length / 2);
  const texts = [kernels.slice(0, half), kernels.slice(half)].map((part) => writeUnit(part, isa));
  const sources = [...texts, writeTable(kernels.length)].map((text, i) => {
    const path = join(folder, `part${i}.c`);
    writeFileSync(path, text);
    return path;
  });
  const object = join(folder, 'module.so');
  const weights = join(folder, 'weights.bin');
  writeFileSync(weights, '');
  const include = `-I${resolve(__dirname, '../../addon/include')}`;
  const floats = ['-ffp-contract=fast', '-fno-math-errno', '-fno-trapping-math'];
  const flags = ['-std=gnu11', '-O1', ...floats, ...describeCpu({ isa }).flags, include];
  await compileShared({ sources, output: object, flags, timeoutMs: 60_000 });
  return { object, weights };
}
