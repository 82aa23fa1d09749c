// Generated OpenCL C: what the rules for GPUs forbid, and that a device computes what the interpreter does.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClLaunch } from '../../addon/index.js';
import { type ClKernelSource, openclLanes, writeClKernels, writeClProgram } from '../../runtime/codegen/opencl.js';
import { dtypeBytes, elementCount, type Tensor, viewBytes } from '../../runtime/core/tensor.js';
import { createOpenclSession, listOpenclDevices } from '../../runtime/device/opencl-session.js';
import { runProgram } from '../../runtime/loop/interpret.js';
import { pack } from '../../runtime/loop/pack.js';
import { parseProgram } from '../../runtime/loop/parse.js';
import type { Program } from '../../runtime/loop/program.js';
import { programSwitches } from '../../runtime/module/opencl-target.js';
import { apply } from '../../runtime/schedule/apply.js';
import { defaultSchedule } from '../../runtime/schedule/default.js';
import { hasTools } from '../arm/tools.js';
import { distance, feedsOf, halfStep, samples } from '../schedule/programs.js';
import { keepPoclCache } from '../support/opencl.js';

keepPoclCache();

const grid = { items: 256, groupMax: 64, groupLimit: 64, groupSides: [64, 64, 4] as const, vectorsFull: 7 };
const machine = { lanes: openclLanes, vectorRegisters: 12, fmaPerCycle: 1, threads: 1, grid };
/** As the channels of a picture for a model that wants them in the other order. */
const backwards = parseProgram(`input x u8[7,3]
output y f32[3,7]
for c in 0..3
  for p in 0..7
    y[c, p] = f32(x[p, 2 - c])`);
const all = [...samples(openclLanes), { title: 'an axis read backwards', program: backwards }].map(({ title, program }) => {
  const applied = apply(defaultSchedule(program, machine), program);
  if (!applied.legal) throw new Error(applied.reason);
  return { title, program, scheduled: applied.program };
});

function kernelsOf(program: Program, first = 0, isAligned = true): ClKernelSource[] {
  return writeClKernels(
    (i) => `k${first + i}`,
    program,
    () => isAligned,
  );
}

test.each(all)('$title: groups of at most 64, whole ones, and nothing that GPUs are slow at', ({ scheduled }) => {
  for (const { text, global, local } of kernelsOf(scheduled)) {
    expect(local[0] * local[1] * local[2]).toBeLessThanOrEqual(grid.groupMax);
    expect(local[2]).toBeLessThanOrEqual(grid.groupSides[2]);
    expect(global.map((extent, i) => extent % (local[i] ?? 1))).toEqual([0, 0, 0]);
    expect(text).toContain(`reqd_work_group_size(${local.join(', ')})`);
    expect(text).not.toMatch(/\bfma\(|\bdouble\b|\bsize_t\b|__local|barrier/);
  }
});

test('a buffer that does not begin at a multiple of a vector is read and written by vloads and vstores', () => {
  const { scheduled } = all.find(({ title }) => /^conv\+relu .* in blocks/.test(title)) ?? { scheduled: undefined };
  const texts = [true, false].map((isAligned) =>
    kernelsOf(scheduled as Program, 0, isAligned)
      .map(({ text }) => text)
      .join(),
  );
  expect(texts[0]).not.toMatch(/vload4|vstore4/);
  expect(texts[1]).not.toContain('(__global vf *)');
});

/** No device of the tests computes in halves, so its text is only read, by a compiler that knows them. */
const clang = ['clang', 'clang-19', 'clang-16', 'clang-14'].find((name) => hasTools(name));
if (clang === undefined) test.skip('clang is missing, which reads kernels that compute in halves: skipped', () => undefined);
else {
  test('kernels that compute in halves are OpenCL C, with and without a vector to begin at', () => {
    const halves = all.filter(({ title }) => title.endsWith('computed in halves'));
    const kernels = [true, false].flatMap((isAligned) =>
      halves.flatMap(({ scheduled }, i) => kernelsOf(scheduled, (isAligned ? 1000 : 2000) + 10 * i, isAligned)),
    );
    const text = writeClProgram(kernels.map((kernel) => kernel.text));
    expect(text.match(/\bvh a\w+;/g)?.length).toBeGreaterThan(3);
    const flags = [
      '-x',
      'cl',
      '-cl-std=CL1.2',
      '-target',
      'spir64',
      '-Xclang',
      '-finclude-default-header',
      '-fsyntax-only',
      '-Wall',
    ];
    const switches = [...flags, '-Werror', '-Wno-unused-function', '-Wno-unused-variable', '-'];
    const { status, stderr } = spawnSync(clang, switches, { input: text, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
}

/** One of each kind: PoCL takes a second to compile what it runs in a moment. */
const kinds = [
  /^conv\+relu .* plain/,
  /^conv\+relu .* in blocks/,
  /^conv\+relu .* in halves/,
  /^conv\+relu .* computed in halves/,
  /^conv\+silu .* computed in halves/,
  /^conv\+clip .* in blocks/,
  /^average-pool .* in blocks/,
  /^softmax/,
  /backwards$/,
];
const run = kinds.flatMap((kind) => all.filter(({ title }) => kind.test(title)).slice(0, 1));

test('a device computes what the interpreter does', async () => {
  const kernels: ClKernelSource[] = [];
  const weights: Buffer[] = [];
  let arenaBytes = 0;
  let weightBytes = 0;
  const plans: ClLaunch[][] = [];
  const places: Map<string, number>[] = [];
  for (const { program, scheduled } of run) {
    const feeds = new Map(feedsOf(program));
    for (const packing of scheduled.packings) {
      const shape = packing.loops.map(({ extent }) => extent);
      feeds.set(packing.buffer, { dtype: packing.value.dtype, shape, data: pack(packing, feeds) });
    }
    const offsets = new Map<string, { space: 'arena' | 'weights'; offset: number }>();
    const placed = new Map<string, number>();
    for (const { name, role, dtype, shape } of scheduled.buffers) {
      const bytes = Math.ceil((elementCount(shape) * dtypeBytes(dtype)) / 64) * 64;
      if (role === 'input' || role === 'output') {
        offsets.set(name, { space: 'arena', offset: arenaBytes });
        placed.set(name, arenaBytes);
        arenaBytes += bytes;
      } else {
        const { data } = feeds.get(name) as Tensor;
        offsets.set(name, { space: 'weights', offset: weightBytes });
        weights.push(Buffer.concat([new Uint8Array(data.buffer, data.byteOffset, data.byteLength)], bytes));
        weightBytes += bytes;
      }
    }
    places.push(placed);
    const sources = kernelsOf(scheduled, kernels.length);
    plans.push(
      sources.map(({ buffers, global, local }, i) => ({
        kernel: kernels.length + i,
        global,
        local,
        buffers: buffers.map((name) => offsets.get(name) ?? { space: 'arena', offset: -1 }),
      })),
    );
    kernels.push(...sources);
  }
  const folder = mkdtempSync(join(tmpdir(), 'onbox-cl-'));
  const [source, weightsPath] = [join(folder, 'kernels.cl'), join(folder, 'weights.bin')];
  writeFileSync(source, writeClProgram(kernels.map(({ text }) => text)));
  writeFileSync(weightsPath, Buffer.concat(weights));
  const device = listOpenclDevices()[0];
  if (device === undefined) throw new Error('no OpenCL device');
  const session = createOpenclSession({
    device,
    object: '',
    weights: weightsPath,
    arenaBytes,
    plans,
    inputBytes: [],
    threads: 1,
    program: { source, switches: programSwitches, binary: '' },
    outputs: [],
  });
  try {
    for (const [i, { title, program }] of run.entries()) {
      const feeds = feedsOf(program);
      for (const { name, role, dtype, shape } of program.buffers) {
        if (role !== 'input') continue;
        const [offset, bytes] = [places[i]?.get(name) ?? 0, elementCount(shape) * dtypeBytes(dtype)];
        const { data } = feeds.get(name) as Tensor;
        session.view(offset, bytes).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        session.commit(offset, bytes);
      }
      await session.run(i, []);
      for (const [name, want] of runProgram(program, feeds)) {
        const bytes = elementCount(want.shape) * dtypeBytes(want.dtype);
        const got = { ...want, data: viewBytes(want.dtype, session.view(places[i]?.get(name) ?? 0, bytes)) };
        expect({ title, far: distance(got, want) > (title.endsWith('halves') ? halfStep : 1e-4) }).toEqual({
          title,
          far: false,
        });
      }
    }
  } finally {
    session.close();
    rmSync(folder, { recursive: true });
  }
}, 1_200_000);
