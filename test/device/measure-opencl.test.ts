// Measuring on an OpenCL device: kernels that are right, wrong, crash and hang, in one program; and a device that does not survive one.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ClLaunch } from '../../addon/index.js';
import { allocate } from '../../runtime/core/tensor.js';
import { type MeasureOptions, measure } from '../../runtime/device/measure.js';
import type { MeasureRequest, Region } from '../../runtime/device/measure-messages.js';
import { fillNoise } from '../../runtime/device/noise.js';
import type { OpenclDevice } from '../../runtime/device/opencl.js';
import { listOpenclDevices } from '../../runtime/device/opencl-session.js';
import { registerFlags } from '../daemon/support/server.js';
import { keepPoclCache } from '../support/opencl.js';

keepPoclCache();

const count = 1024;
const input: Region & { seed: number } = { offset: 0, dtype: 'f32', count, seed: 3 };
const output: Region = { offset: count * 4, dtype: 'f32', count };
const bodies = {
  right: 'y[i] = x[i] * 2;',
  wrong: 'y[i] = x[i] * (i == 700 ? 2.01f : 2);',
  crash: '*(volatile __global int*)8 = (int)x[i];',
  hang: 'for (volatile int k = 0; k < 1; k = 0) y[i] = x[i];',
} as const;
const names = Object.keys(bodies) as (keyof typeof bodies)[];
const script = (name: string) => ({ script: resolve(__dirname, '../../runtime/device', name), nodeFlags: registerFlags });
const options: MeasureOptions = {
  timeoutMs: 10_000,
  child: script('measure-child.ts'),
  probe: { child: script('opencl-child.ts') },
};

let folder: string;
let request: MeasureRequest & { readonly opencl: NonNullable<MeasureRequest['opencl']> };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'onbox-measure-'));
  const source = join(folder, 'kernels.cl');
  const kernels = names.map(
    (name, i) => `__kernel __attribute__((reqd_work_group_size(64, 1, 1)))
void k${i}(__global const float* restrict b0, __global float* restrict b1, const uint o0, const uint o1) {
  const uint i = get_global_id(0);
  __global const float* x = (__global const float*)((__global const uchar*)b0 + o0);
  __global float* y = (__global float*)((__global uchar*)b1 + o1);
  ${bodies[name]}
}
`,
  );
  writeFileSync(source, kernels.join(''));
  const x = allocate('f32', count) as Float32Array;
  fillNoise('f32', x, input.seed);
  const truth = join(folder, 'truth.bin');
  writeFileSync(truth, new Uint8Array(x.map((value) => value * 2).buffer));
  const weights = join(folder, 'weights.bin');
  writeFileSync(weights, '');
  request = {
    object: '',
    weights,
    arenaBytes: count * 8,
    threads: 1,
    inputs: [input],
    outputs: [[output]],
    candidates: [],
    reference: 0,
    truth,
    capture: false,
    errorMax: 1e-4,
    incumbentNs: 0,
    budgetMs: 5,
    opencl: { device: listOpenclDevices()[0] as OpenclDevice, source, switches: ['-cl-std=CL1.2'] },
  };
});
afterAll(() => rmSync(folder, { recursive: true }));

function candidate(name: keyof typeof bodies): ClLaunch[][] {
  const buffers = [input, output].map(({ offset }) => ({ space: 'arena', offset }) as const);
  return [[{ kernel: names.indexOf(name), global: [count, 1, 1], local: [64, 1, 1], buffers }]];
}

test('right ones are timed, and whatever goes wrong is told and leaves the others standing', async () => {
  const order = ['right', 'crash', 'wrong', 'hang', 'right'] as const;
  const results = await measure({ ...request, candidates: order.map(candidate) }, options);
  expect(results.map(({ outcome }) => outcome)).toEqual(['ok', 'crashed', 'wrong', 'timeout', 'ok']);
  const [right] = results;
  if (right?.outcome !== 'ok') throw new Error('not measured');
  expect(right.nanoseconds).toBeGreaterThan(0);
  expect(right.runs).toBeGreaterThanOrEqual(5);
});

test('a device that does not work any more after a candidate ends the measurement', async () => {
  const library = join(folder, 'libfake.so');
  execFileSync('cc', ['-shared', '-fPIC', '-w', '-o', library, join(__dirname, 'fake_opencl.c')]);
  const opencl = { ...request.opencl, device: { ...request.opencl.device, library } };
  process.env['FAKE_OPENCL'] = 'crash-run';
  try {
    await expect(measure({ ...request, opencl, candidates: [candidate('wrong')] }, options)).rejects.toMatchObject({
      code: 'opencl-unusable',
      message: expect.stringContaining('the driver crashed during its self-test'),
    });
  } finally {
    delete process.env['FAKE_OPENCL'];
  }
});
