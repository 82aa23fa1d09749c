// The addon on OpenCL: results where host and device share memory and where they do not, launches on the CPU between, what is kept of
// compiled programs, and everything it must refuse.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClLaunch, type ClOptions, loadAddon, type SessionOptions } from '../../addon/index.js';
import { asFloats, extent, floats } from './module-fixture.js';
import { launchOf, makeFixture, type OpenclFixture, productOffset, sumOffset } from './opencl-fixture.js';

const bytes = extent * 4;
let fixture: OpenclFixture;

beforeAll(() => {
  fixture = makeFixture();
});
afterAll(() => fixture.remove());

function open(opencl: Partial<ClOptions> = {}, change: Partial<SessionOptions> = {}) {
  const { options } = fixture;
  return loadAddon().createSession({ ...options, ...change, opencl: { ...options.opencl, ...opencl } });
}

function openLaunch(change: Partial<ClLaunch>) {
  return open({}, { plans: [[launchOf(0, [{ space: 'arena', offset: 0 }], change)]] });
}

const failure = (code: string, message: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(message) });

test('listOpencl tells the platforms of the first library that has one', () => {
  const [platform] = loadAddon().listOpencl(['libnowhere.so', 'libOpenCL.so.1']);
  expect(platform).toMatchObject({ library: 'libOpenCL.so.1', name: 'Portable Computing Language' });
  expect(platform?.devices[0]).toMatchObject({ type: 'cpu', isAvailable: true, hasCompiler: true, isMemoryUnified: true });
  expect(platform?.devices[0]?.workGroupMax).toBeGreaterThanOrEqual(1024);
});

test('listOpencl names every library where none loads', () => {
  expect(() => loadAddon().listOpencl(['libnowhere.so', '/dev/null'])).toThrow(
    failure('opencl-missing', /libnowhere\.so.*\/dev\/null/s),
  );
});

describe.each([true, false])('with isMemoryUnified %p', (isMemoryUnified) => {
  test('plans compute what their kernels say, also those on the CPU between', async () => {
    const session = open({ isMemoryUnified });
    const a = floats((i) => i);
    const b = floats((i) => 2 * i);
    await session.run(0, [a]);
    expect(asFloats(session.view(sumOffset, bytes))).toEqual(Array.from({ length: extent }, (_, i) => i + 0.5));
    await session.run(1, [a, b]);
    expect(asFloats(session.view(sumOffset, bytes))).toEqual(Array.from({ length: extent }, (_, i) => 2 * i * i + 0.5));
    expect(asFloats(session.view(productOffset, bytes))).toEqual(Array.from({ length: extent }, (_, i) => 2 * i * i + 1));
    await session.run(2, [a, b]);
    expect(asFloats(session.view(sumOffset, bytes))[3]).toBe(18.5);
    session.close();
  });

  test('what is written to a view is known to the device after a commit', async () => {
    const session = open({ isMemoryUnified }, { plans: [[launchOf(0, [sum(), weights(), product()])]] });
    const view = session.view(sumOffset, bytes);
    view.set(floats((i) => i));
    session.commit(sumOffset, bytes);
    await session.run(0, []);
    expect(asFloats(session.view(productOffset, bytes))).toEqual(Array.from({ length: extent }, (_, i) => i + 0.5));
    session.close();
  });
});

const sum = () => ({ space: 'arena', offset: sumOffset }) as const;
const product = () => ({ space: 'arena', offset: productOffset }) as const;
const weights = () => ({ space: 'weights', offset: 0 }) as const;

test('profile tells the nanoseconds of every launch, of both kinds', async () => {
  const session = open();
  const times = await session.profile(1, [floats(() => 1), floats(() => 1)]);
  expect([...times].map((time) => time > 0)).toEqual([true, true, true]);
});

test('two sessions on a device run side by side, and a view outlives its session', async () => {
  const sessions = [open(), open()];
  for (let i = 0; i < 20; i++) await Promise.all(sessions.map((session) => session.run(0, [floats((each) => each)])));
  const views = sessions.map((session) => session.view(sumOffset, bytes));
  for (const session of sessions) session.close();
  expect(views.map((view) => asFloats(view)[999])).toEqual([999.5, 999.5]);
});

test('views of outputs and runs are refused or served in the right moments', async () => {
  const session = open();
  const run = session.run(0, [floats(() => 1)]);
  await expect(session.run(0, [floats(() => 1)])).rejects.toMatchObject({ code: 'session-busy' });
  expect(() => session.view(productOffset, bytes)).toThrow(failure('session-busy', /running/));
  expect(() => session.commit(sumOffset, bytes)).toThrow(failure('session-busy', /running/));
  await run;
  await expect(session.run(0, [])).rejects.toMatchObject({ code: 'input-missing' });
  await expect(session.run(0, [new Uint8Array(8)])).rejects.toMatchObject({ code: 'input-bytes' });
});

describe('the compiled program', () => {
  const broken = '__kernel void k0( this is no C';

  /** Opens with a source that does not compile: only a kept program can make that work. */
  function openKept(binary: string, binaryKey: string) {
    const source = join(fixture.folder, 'broken.cl');
    writeFileSync(source, broken);
    return open({ binary, binaryKey, source });
  }

  test('is kept, and taken where its key is the same', async () => {
    const binary = join(fixture.folder, 'kept.clbin');
    open({ binary, binaryKey: 'one' }).close();
    const session = openKept(binary, 'one');
    await session.run(0, [floats((i) => i)]);
    expect(asFloats(session.view(sumOffset, bytes))[10]).toBe(10.5);
    expect(() => openKept(binary, 'two')).toThrow(failure('opencl-build', /CL_BUILD_PROGRAM_FAILURE/));
  });

  test('is built anew and kept again where it was damaged, or is no program to the driver', () => {
    const binary = join(fixture.folder, 'damaged.clbin');
    open({ binary, binaryKey: 'one' }).close();
    const whole = readFileSync(binary);
    const damaged = Buffer.from(whole);
    damaged[whole.length >> 1] = (damaged[whole.length >> 1] ?? 0) ^ 1;
    for (const content of [damaged, whole.subarray(0, whole.length - 1), Buffer.from('onbox-opencl-1'), Buffer.from('')]) {
      writeFileSync(binary, content);
      expect(() => openKept(binary, 'one')).toThrow(failure('opencl-build', /./));
      open({ binary, binaryKey: 'one' }).close();
      expect(() => openKept(binary, 'one').close()).not.toThrow();
    }
  });

  test('is not missed where it cannot be kept', () => {
    const binary = join(fixture.folder, 'nowhere', 'program.clbin');
    expect(() => open({ binary }).close()).not.toThrow();
    expect(existsSync(binary)).toBe(false);
  });
});

describe('what is refused', () => {
  test('a program that does not compile, with the words of the compiler', () => {
    const source = join(fixture.folder, 'wrong.cl');
    writeFileSync(source, '__kernel void k0(__global float* b) { b[0] = undeclared_name; }');
    expect(() => open({ source })).toThrow(failure('opencl-build', /undeclared_name/));
    expect(() => open({ source: join(fixture.folder, 'missing.cl') })).toThrow(failure('module-open', /missing\.cl/));
  });

  test.each<[string, Partial<ClOptions>, string, RegExp]>([
    ['a library that does not load', { library: 'libnowhere.so' }, 'opencl-missing', /libnowhere/],
    ['a library that is no OpenCL', { library: 'libm.so.6' }, 'opencl-missing', /clGetPlatformIDs/],
    ['a platform that is not there', { platform: 9 }, 'opencl-missing', /platform 9/],
    ['a device that is not there', { device: 9 }, 'opencl-missing', /device 9/],
    ['build options that there are not', { buildOptions: '-cl-nonsense' }, 'opencl-build', /CL_INVALID_BUILD_OPTIONS/],
    ['an output beyond the arena', { outputs: [{ offset: 16_000, bytes: 385 }] }, 'module-plan', /arena/],
    ['a wrong type', { isMemoryUnified: 1 as unknown as boolean }, 'native-argument', /isMemoryUnified/],
  ])('%s', (_, change, code, message) => {
    expect(() => open(change)).toThrow(failure(code, message));
  });

  test.each<[string, Partial<ClLaunch>, string, RegExp]>([
    [
      'a kernel that is not there',
      { kernel: 7 },
      'opencl-failed',
      /clCreateKernel for k7, launch 0 of plan 0.*CL_INVALID_KERNEL_NAME/,
    ],
    ['fewer buffers than the kernel takes', {}, 'module-plan', /1 buffers, its kernel takes 6/],
    ['another work-group than the kernel has', { local: [4, 1, 1] }, 'module-plan', /another work-group/],
    ['a work-group beyond the limit', { kernel: 3, local: [512, 1, 1], global: [512, 1, 1] }, 'module-plan', /512 items.*256/],
    ['local memory where there is none', { kernel: 4, global: [8, 1, 1] }, 'module-plan', /local memory/],
    ['an offset behind the arena', { kernel: 4, buffers: [{ space: 'arena', offset: 16_384 }] }, 'module-plan', /byte 16384/],
    ['an input that is not there', { kernel: 4, buffers: [{ space: 'input', offset: 2 }] }, 'module-plan', /input 2/],
    ['a grid of two dimensions', { global: [8, 1] as unknown as [8, 1, 1] }, 'native-argument', /global/],
    ['a grid of nothing', { global: [0, 1, 1] }, 'native-argument', /global\[0\]/],
  ])('%s', (_, change, code, message) => {
    expect(() => openLaunch(change)).toThrow(failure(code, message));
  });

  test('a launch that the device cannot run, when it runs, by the name of the call', async () => {
    const buffers = [sum(), weights(), product()];
    const session = open({}, { plans: [[launchOf(0, buffers, { global: [extent + 1, 1, 1] })], [launchOf(0, buffers)]] });
    await expect(session.run(0, [])).rejects.toMatchObject(
      failure('opencl-failed', /clEnqueueNDRangeKernel failed: CL_INVALID/),
    );
    await session.run(1, []);
  });

  test('a launch on a device where the session has none, and one on the CPU without code', () => {
    const { opencl: _, ...withoutDevice } = fixture.options;
    expect(() => loadAddon().createSession(withoutDevice)).toThrow(failure('module-plan', /the session has none/));
    expect(() => open({}, { object: '' })).toThrow(failure('module-plan', /no code for the CPU/));
  });
});
