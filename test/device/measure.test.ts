// Measuring candidates: hand-written kernels that are right, slow, wrong, crash and hang, in one module.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { allocate } from '../../runtime/core/tensor.js';
import { describeCpu } from '../../runtime/device/cpu.js';
import { type MeasureOptions, measure } from '../../runtime/device/measure.js';
import type { MeasureRequest, Region } from '../../runtime/device/measure-messages.js';
import { fillNoise } from '../../runtime/device/noise.js';
import { compileShared } from '../../runtime/device/toolchain.js';
import { registerFlags } from '../daemon/support/server.js';

const count = 1024;
const input: Region & { seed: number } = { offset: 0, dtype: 'f32', count, seed: 3 };
const output: Region = { offset: count * 4, dtype: 'f32', count };
const bodies = {
  quick: 'for (long i = 0; i < 1024; i++) y[i] = x[i] * 2;',
  slow: 'for (int k = 0; k < 50; k++) for (long i = 0; i < 1024; i++) ((volatile float *)y)[i] = x[i] * 2;',
  wrong: 'for (long i = 0; i < 1024; i++) y[i] = x[i] * (i == 700 ? 2.01f : 2);',
  lazy: 'for (long i = 0; i < 1000; i++) y[i] = x[i] * 2;',
  crash: '*(volatile int *)8 = (int)x[0];',
  hang: 'for (volatile int i = 0; i < 1; i = 0) y[0] = x[0];',
} as const;
const names = Object.keys(bodies) as (keyof typeof bodies)[];

let folder: string;
let request: MeasureRequest;
const options: MeasureOptions = {
  timeoutMs: 4000,
  child: { script: resolve(__dirname, '../../runtime/device/measure-child.ts'), nodeFlags: registerFlags },
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'onbox-measure-'));
  const functions = names.map(
    (name) => `static void ${name}(void *const *b, int64_t begin, int64_t end) {
    const float *x = b[0]; float *y = b[1]; (void)x; (void)y; (void)begin; (void)end; ${bodies[name]} }`,
  );
  const table = `#include "onbox_module.h"
    ${functions.join('\n')}
    static const onbox_kernel kernels[] = {${names.join()}};
    const onbox_module onbox_module_v1 = {sizeof(onbox_module), ONBOX_MODULE_ABI, ${names.length}, 0, kernels};`;
  const source = join(folder, 'kernels.c');
  const object = join(folder, 'module.so');
  const weights = join(folder, 'weights.bin');
  writeFileSync(source, table);
  writeFileSync(weights, '');
  const flags = ['-std=gnu11', '-O1', `-I${resolve(__dirname, '../../addon/include')}`, ...describeCpu().flags];
  await compileShared({ sources: [source], output: object, flags, timeoutMs: 60_000 });
  const truth = join(folder, 'truth.bin');
  const x = allocate('f32', count) as Float32Array;
  fillNoise('f32', x, input.seed);
  writeFileSync(truth, new Uint8Array(x.map((value) => value * 2).buffer));
  request = {
    object,
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
  };
});
afterAll(() => rmSync(folder, { recursive: true }));

function candidate(name: keyof typeof bodies) {
  const buffers = [input, output].map(({ offset }) => ({ space: 'arena', offset }) as const);
  return [[{ kernel: names.indexOf(name), extent: 1, buffers }]];
}

test('right ones are timed, and whatever goes wrong is told and leaves the others standing', async () => {
  const order = ['quick', 'crash', 'slow', 'wrong', 'hang', 'lazy', 'quick'] as const;
  const results = await measure({ ...request, candidates: order.map(candidate) }, { ...options, timeoutMs: 2000 });
  expect(results.map(({ outcome }) => outcome)).toEqual(['ok', 'crashed', 'ok', 'wrong', 'timeout', 'wrong', 'ok']);
  const [quick, , slow] = results;
  if (quick?.outcome !== 'ok' || slow?.outcome !== 'ok') throw new Error('not measured');
  expect(slow.nanoseconds).toBeGreaterThan(quick.nanoseconds * 5);
  expect(slow.referenceNs).toBeLessThan(slow.nanoseconds / 5);
  expect(quick.runs).toBeGreaterThanOrEqual(5);
});

test('what is clearly slower than the best so far is not measured to the end', async () => {
  const [, slow] = await measure(
    { ...request, incumbentNs: 500, candidates: [candidate('quick'), candidate('slow')] },
    options,
  );
  expect(slow).toMatchObject({ outcome: 'ok', runs: 3 });
});

test('the first candidate writes the truth where none is known', async () => {
  const truth = join(folder, 'captured.bin');
  const captured = await measure({ ...request, truth, capture: true, candidates: [candidate('quick')] }, options);
  expect(captured).toMatchObject([{ outcome: 'ok' }]);
  const compared = await measure({ ...request, truth, candidates: [candidate('slow'), candidate('wrong')] }, options);
  expect(compared.map(({ outcome }) => outcome)).toEqual(['ok', 'wrong']);
});

test('after an abort what was measured until then is answered', async () => {
  const controller = new AbortController();
  const running = measure(
    { ...request, candidates: [candidate('quick'), candidate('hang')] },
    {
      ...options,
      timeoutMs: 60_000,
      signal: controller.signal,
    },
  );
  setTimeout(() => controller.abort(), 3000);
  expect((await running).length).toBeLessThanOrEqual(1);
});

test('a module that does not load is an error with its reason', async () => {
  const failing = measure({ ...request, object: join(folder, 'none.so'), candidates: [candidate('quick')] }, options);
  await expect(failing).rejects.toMatchObject({ code: 'measure-failed', message: expect.stringContaining('none.so') });
});
