// A module for an OpenCL device, by hand: how it opens, to whom it is foreign, and what its manifest may not say.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tensorOf } from '../../runtime/core/tensor.js';
import { describeCpu } from '../../runtime/device/cpu.js';
import { listOpenclDevices } from '../../runtime/device/opencl-session.js';
import { digestOf } from '../../runtime/module/files.js';
import { compilerVersion, type Manifest, manifestFormat } from '../../runtime/module/manifest.js';
import { printManifest } from '../../runtime/module/read.js';
import { openSession } from '../../runtime/module/session.js';
import { keepPoclCache } from '../support/opencl.js';
import { makeScratch } from './networks.js';

keepPoclCache();

const scratch = makeScratch();
const program = `__kernel __attribute__((reqd_work_group_size(4, 1, 1)))
void k0(__global const float* restrict b0, __global const float* restrict b1, __global float* restrict b2,
        const uint o0, const uint o1, const uint o2) {
  const uint i = get_global_id(0);
  ((__global float*)((__global uchar*)b2 + o2))[i] =
      ((__global const float*)((__global const uchar*)b0 + o0))[i] * ((__global const float*)((__global const uchar*)b1 + o1))[i];
}
`;
const weights = new Uint8Array(new Float32Array([1, 2, 3, 4]).buffer);
const launch = {
  kernel: 0,
  global: [4, 1, 1],
  local: [4, 1, 1],
  buffers: [
    { space: 'input', offset: 0 },
    { space: 'weights', offset: 0 },
    { space: 'arena', offset: 8 },
  ],
} as const;

/** Writes a module that multiplies four numbers by 1, 2, 3, 4. */
function writeModule(change: Readonly<Record<string, unknown>> = {}): string {
  const folder = join(scratch, 'module');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, 'weights.bin'), weights);
  writeFileSync(join(folder, 'kernels.cl'), program);
  const device = listOpenclDevices()[0];
  const manifest: Manifest = {
    format: manifestFormat,
    name: 'times',
    compiler: compilerVersion,
    modelDigest: '0'.repeat(64),
    target: 'opencl',
    fingerprint: describeCpu().fingerprint,
    task: 'other',
    labels: [],
    inputs: [{ name: 'x', dtype: 'f32', shape: [4] }],
    outputs: [{ name: 'y', dtype: 'f32', shape: [4], offset: 8 }],
    kernels: [{ title: 'mul', flops: 4 }],
    plans: [[launch]],
    opencl: {
      device: device?.name ?? '',
      driver: device?.driver ?? '',
      fingerprint: device?.fingerprint ?? '',
      switches: ['-cl-std=CL1.2', '-cl-mad-enable'],
    },
    arenaBytes: 64,
    weightBytes: weights.length,
    files: { 'weights.bin': digestOf(weights), 'kernels.cl': digestOf(program) },
    selfCheck: { passed: true, maxRelativeError: 0, outputs: [] },
    compileSeconds: 0,
  };
  writeFileSync(join(folder, 'manifest.json'), printManifest({ ...manifest, ...change } as Manifest));
  return folder;
}

const part = { device: 'Mali', driver: 'r18p0', fingerprint: 'opencl-0', switches: [] };

test('a module runs on its device, and keeps the compiled program beside it', async () => {
  const folder = writeModule();
  const session = await openSession(folder);
  const inputs = new Map([['x', tensorOf('f32', [4], [5, 6, 7, 8])]]);
  const outputs = await session.runTensors(inputs);
  expect(Array.from(outputs.get('y')?.data ?? [], Number)).toEqual([5, 12, 21, 32]);
  expect((await session.profileTensors(inputs)).length).toBe(1);
  session.close();
  expect(readFileSync(join(folder, 'kernels.clbin')).subarray(0, 14).toString()).toBe('onbox-opencl-1');
  (await openSession(folder)).close();
});

test('a module of another driver is foreign, with both names', async () => {
  await expect(openSession(writeModule({ opencl: part }))).rejects.toMatchObject({
    code: 'module-foreign',
    message: expect.stringMatching(/made for "Mali" with driver "r18p0", this machine has ".+" with driver ".+"/),
  });
});

test.each<[field: string, change: Record<string, unknown>]>([
  ['target', { target: 'abacus' }],
  ['target', { target: undefined }],
  ['plans', { target: 'cpu', opencl: undefined }],
  ['opencl', { opencl: undefined }],
  ['opencl.switches', { opencl: { ...part, switches: ['-I/etc'] } }],
  ['opencl.switches', { opencl: { ...part, switches: '-cl-mad-enable' } }],
  ['opencl.driver', { opencl: { ...part, driver: 7 } }],
  ['global', { plans: [[{ ...launch, global: [4, 1] }]] }],
  ['global', { plans: [[{ ...launch, global: [4, 1, 1, 1] }]] }],
  ['global', { plans: [[{ ...launch, global: [6, 1, 1] }]] }],
  ['global', { plans: [[{ ...launch, global: [2 ** 40, 1, 1] }]] }],
  ['local', { plans: [[{ ...launch, local: [0, 1, 1] }]] }],
  ['local', { plans: [[{ ...launch, global: [8192, 1, 1], local: [8192, 1, 1] }]] }],
  ['local', { plans: [[{ ...launch, local: undefined }]] }],
  ['arenaBytes', { arenaBytes: 2 ** 32 }],
  ['kernels.cl', { files: { 'weights.bin': digestOf(weights) } }],
  ['kernels.cl', { files: { 'weights.bin': digestOf(weights), 'kernels.cl': '0'.repeat(64) } }],
  ['launch 0 of plan 0', { plans: [[{ ...launch, local: [2, 1, 1] }]] }],
])('a manifest that lies about %s is damaged: %j', async (field, change) => {
  await expect(openSession(writeModule(change))).rejects.toMatchObject({
    code: 'module-damaged',
    message: expect.stringContaining(field),
  });
});
