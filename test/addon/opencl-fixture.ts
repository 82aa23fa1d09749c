// Modules for OpenCL as the compiler would write them, but by hand and tiny, on the PoCL of the tests.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BufferRef, ClLaunch, ClOptions, SessionOptions } from '../../addon/index.js';
import { keepPoclCache } from '../support/opencl.js';
import { extent, makeFixture as makeCpuFixture } from './module-fixture.js';

keepPoclCache();

const vectorBytes = extent * 4;
/** Byte offsets of the arena; the first is one that sub-buffers could not begin at. */
export const sumOffset = 40;
export const productOffset = 8200;

/** As of module-fixture.ts: k0 adds, k1 multiplies; k3 wants 512 work-items; k4 uses local memory. */
const program = `
#define PLACE(type, b, o) ((__global type*)((__global uchar*)b + o))
__kernel __attribute__((reqd_work_group_size(8, 1, 1)))
void k0(__global const float* restrict b0, __global const float* restrict b1, __global float* restrict b2,
        const uint o0, const uint o1, const uint o2) {
  const uint i = get_global_id(0);
  PLACE(float, b2, o2)[i] = PLACE(const float, b0, o0)[i] + PLACE(const float, b1, o1)[i];
}
__kernel __attribute__((reqd_work_group_size(8, 1, 1)))
void k1(__global const float* restrict b0, __global const float* restrict b1, __global float* restrict b2,
        const uint o0, const uint o1, const uint o2) {
  const uint i = get_global_id(0);
  PLACE(float, b2, o2)[i] = PLACE(const float, b0, o0)[i] * PLACE(const float, b1, o1)[i];
}
__kernel __attribute__((reqd_work_group_size(512, 1, 1))) void k3(__global float* b0, const uint o0) {
  PLACE(float, b0, o0)[get_global_id(0)] = 1;
}
__kernel __attribute__((reqd_work_group_size(8, 1, 1))) void k4(__global float* b0, const uint o0) {
  __local float shared[8];
  shared[get_local_id(0)] = 1;
  barrier(CLK_LOCAL_MEM_FENCE);
  PLACE(float, b0, o0)[get_global_id(0)] = shared[7 - get_local_id(0)];
}
`;

export interface OpenclFixture {
  readonly folder: string;
  readonly options: SessionOptions & { readonly opencl: ClOptions };
  remove(): void;
}

/** Plans as of module-fixture.ts: 0 adds 0.5; 1 multiplies on the device and adds on the CPU; 2 multiplies and adds on the device. */
export function makeFixture(): OpenclFixture {
  const cpu = makeCpuFixture();
  const folder = mkdtempSync(join(tmpdir(), 'onbox-opencl-'));
  const source = join(folder, 'kernels.cl');
  writeFileSync(source, program);
  const input = (offset: number): BufferRef => ({ space: 'input', offset });
  const arena = (offset: number): BufferRef => ({ space: 'arena', offset });
  const weights: BufferRef = { space: 'weights', offset: 0 };
  const product = launchOf(1, [input(0), input(1), arena(productOffset)]);
  const sum = [arena(productOffset), weights, arena(sumOffset)];
  return {
    folder,
    options: {
      object: cpu.object,
      weights: cpu.weights,
      arenaBytes: 16_384,
      inputBytes: [vectorBytes, vectorBytes],
      threads: 2,
      plans: [
        [launchOf(0, [input(0), weights, arena(sumOffset)])],
        [product, { kernel: 0, extent, buffers: sum }, launchOf(0, [arena(sumOffset), weights, arena(productOffset)])],
        [product, launchOf(0, sum)],
      ],
      opencl: {
        library: 'libOpenCL.so.1',
        platform: 0,
        device: 0,
        isMemoryUnified: true,
        source,
        buildOptions: '-cl-std=CL1.2',
        binary: '',
        binaryKey: 'a',
        outputs: [{ offset: sumOffset, bytes: vectorBytes }],
        workGroupMax: 256,
        localBytesMax: 0,
      },
    },
    remove: () => {
      cpu.remove();
      if (existsSync(folder)) rmSync(folder, { recursive: true });
    },
  };
}

export function launchOf(kernel: number, buffers: readonly BufferRef[], change: Partial<ClLaunch> = {}): ClLaunch {
  return { kernel, global: [extent, 1, 1], local: [8, 1, 1], buffers, ...change };
}
