// The OpenCL C of a module: kernels with their grids, and the program that they make up. Arguments are those of ClLaunch in
// addon/index.ts: all pointers first, then all byte offsets.

import type { Dtype } from '../core/tensor.js';
import { computesInHalves } from '../loop/arithmetic.js';
import { buffersOf } from '../loop/flat.js';
import type { Buffer, Program, Statement } from '../loop/program.js';
import { visitBlockExpressions } from '../loop/statement.js';
import type { Dialect } from './dialect.js';
import { type Extents, gridOf } from './grid.js';
import { KernelWriter } from './kernel.js';
import { openclDialect } from './opencl-dialect.js';
import { openclHalfDialect } from './opencl-half.js';
import { openclPrelude } from './opencl-prelude.js';
import { partsOf, usedBuffers } from './parts.js';
import { settleVectors } from './vectors.js';

/** An OpenCL kernel and what it wants to be called with. */
export interface ClKernelSource {
  readonly text: string;
  /** Names of the program's buffers, in the order in which the kernel receives them. */
  readonly buffers: readonly string[];
  readonly global: Extents;
  readonly local: Extents;
}

/** Floats in a vector: all devices have these, and those that work on scalars lose nothing. */
export const openclLanes = openclDialect.lanes;

/** Whether a program has a form in OpenCL C; those that compute with doubles have none. */
export function isForOpencl(program: Program): boolean {
  let isForDevice = program.buffers.every(({ dtype }) => dtype !== 'f64');
  for (const { dtype } of buffersOf(program).values()) if (dtype === 'f64') isForDevice = false;
  visitBlockExpressions(program.body, ({ dtype }) => {
    if (dtype === 'f64') isForDevice = false;
  });
  return isForDevice;
}

/**
 * Writes a scheduled program as kernels that run one after the other, one for each statement at its top.
 * @param nameOf the name of kernel `i`
 * @param isAligned whether a buffer begins at a multiple of a vector's bytes
 */
export function writeClKernels(
  nameOf: (i: number) => string,
  program: Program,
  isAligned: (buffer: string) => boolean,
): ClKernelSource[] {
  const dialect = computesInHalves(program) ? openclHalfDialect : openclDialect;
  const body = settleVectors(program.body, dialect, buffersOf(program), 'unroll');
  return partsOf(body).map((part, i) => writeKernel(nameOf(i), program, part, { dialect, isAligned }));
}

function writeKernel(
  name: string,
  program: Program,
  body: readonly Statement[],
  { dialect, isAligned }: { readonly dialect: Dialect; readonly isAligned: (buffer: string) => boolean },
): ClKernelSource {
  const used = usedBuffers(program, body);
  const { local, global } = gridOf(body);
  const writer = new KernelWriter(program.buffers, dialect, { isAligned, grid: global });
  writer.writeBody(body);
  const pointers = used.map((buffer, i) => `${typeOf(buffer)} *restrict b${i}`);
  const offsets = used.map((_, i) => `const uint o${i}`);
  const places = used.map((buffer, i) => {
    const bytes = `__global ${buffer.role === 'output' ? '' : 'const '}uchar *`;
    return `  ${typeOf(buffer)} *const ${buffer.name} = (${typeOf(buffer)} *)((${bytes})b${i} + o${i});`;
  });
  const text = [
    `__kernel __attribute__((reqd_work_group_size(${local.join(', ')})))`,
    `void ${name}(${[...pointers, ...offsets].join(', ')}) {`,
    ...places,
    ...writer.lines,
    '}',
    '',
  ].join('\n');
  return { text, buffers: used.map((buffer) => buffer.name), global, local };
}

function typeOf({ dtype, role }: Buffer): string {
  return `__global ${role === 'output' ? '' : 'const '}${openclDialect.types[dtype as Dtype]}`;
}

/** The program of kernels. */
export function writeClProgram(kernels: readonly string[]): string {
  return `${openclPrelude()}\n${kernels.join('\n')}`;
}
