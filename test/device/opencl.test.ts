// Which OpenCL devices are trusted: PoCL, which computes right, and a driver that crashes, hangs, fails and lies on demand.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { OpenclFacts, OpenclPlatform } from '../../addon/index.js';
import { describeOpencl, openclLibraries, openclProfile } from '../../runtime/device/opencl.js';
import { cureOf, probeSystem } from '../../runtime/device/opencl-cure.js';
import { chooseOpencl, type OpenclReport, type ProbeOptions, probeOpencl } from '../../runtime/device/opencl-probe.js';
import { registerFlags } from '../daemon/support/server.js';
import { keepPoclCache } from '../support/opencl.js';

keepPoclCache();

const scratch = mkdtempSync(join(tmpdir(), 'onbox-opencl-'));
const fake = join(scratch, 'libfake.so');
const child = { script: resolve(__dirname, '../../runtime/device/opencl-child.ts'), nodeFlags: registerFlags };

beforeAll(() => {
  execFileSync('cc', ['-shared', '-fPIC', '-w', '-o', fake, join(__dirname, 'fake_opencl.c')]);
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** Probes the fake driver; a root without drivers keeps the words the same on every machine. */
function probeFake(mode: string, options: ProbeOptions = {}): Promise<OpenclReport> {
  const environment = { ...process.env, ONBOX_OPENCL_LIBRARY: fake, FAKE_OPENCL: mode };
  return probeOpencl({ child, environment, root: scratch, ...options });
}

describe('PoCL', () => {
  test('passes the self-test and is chosen', async () => {
    const report = await probeOpencl({ child });
    const pocl = report.devices.find(({ device }) => device.platformName === 'Portable Computing Language');
    expect(pocl).toMatchObject({ device: { type: 'cpu', localBytes: 0, hasHalfArithmetic: false } });
    expect(pocl).not.toHaveProperty('problem');
    expect(chooseOpencl(report).fingerprint).toMatch(/^opencl-[0-9a-f]{16}$/);
  });

  test('has the limits of a Mali under its profile, and another fingerprint', async () => {
    const environment = { ...process.env, ONBOX_OPENCL_PROFILE: 'mali-t860' };
    const [limited, free] = [await probeOpencl({ child, environment }), await probeOpencl({ child })].map(chooseOpencl);
    expect(limited).toMatchObject({ workGroupMax: 256, localBytes: 0 });
    expect(limited?.fingerprint).not.toBe(free?.fingerprint);
  });
});

describe('a driver', () => {
  test.each([
    ['crash-list', 'the driver crashed during its list of devices (SIGSEGV)'],
    ['no-platform', 'OpenCL has no platform: /etc/OpenCL/vendors lists no driver'],
    ['no-device', 'the driver of OpenCL finds no device'],
    ['broken-list', 'the driver failed: clGetDeviceIDs failed: CL_OUT_OF_HOST_MEMORY (-6)'],
  ])('that does %s has no devices, for a reason', async (mode, reason) => {
    const report = await probeFake(mode);
    expect(report).toMatchObject({ devices: [], problem: { reason } });
    expect(() => chooseOpencl(report)).toThrow(expect.objectContaining({ code: 'opencl-unusable' }));
  });

  test.each([
    ['crash-build', /^the driver crashed during its self-test \(SIGSEGV\)$/],
    ['crash-run', /^the driver crashed during its self-test \(SIGSEGV\)$/],
    ['broken-build', /^the driver failed: .*clBuildProgram failed: CL_BUILD_PROGRAM_FAILURE.*the fake compiler gives up/s],
    ['broken-run', /^the driver failed: clEnqueueNDRangeKernel failed: CL_OUT_OF_RESOURCES \(-5\)$/],
    ['unavailable', /^the driver says that the device is not available$/],
    ['no-compiler', /^the driver has no compiler for OpenCL C$/],
    ['nothing', /^the device computes wrongly: a sum of products is 0 instead of /],
  ])('that does %s is unusable, for a reason and with a cure', async (mode, reason) => {
    const report = await probeFake(mode);
    expect(report.devices).toEqual([
      {
        device: expect.objectContaining({ name: 'Fake GPU', driver: 'r1p0', type: 'gpu' }),
        problem: { reason: expect.stringMatching(reason), cure: expect.stringMatching(/./) },
      },
    ]);
    expect(() => chooseOpencl(report)).toThrow(/^no OpenCL GPU can be used: Fake GPU: /);
  });

  test('of a GPU that is held by another process is not passed over for a CPU', async () => {
    const [working] = (await probeOpencl({ child })).devices;
    if (working === undefined) throw new Error('no OpenCL device');
    const fault = { kind: 'failed', detail: 'clCreateContext failed: CL_DEVICE_NOT_AVAILABLE (-2)' } as const;
    const problem = cureOf(fault, { vendors: [], nodes: [] });
    const broken = { device: { ...working.device, name: 'GPU', type: 'gpu' }, problem } as const;
    expect(() => chooseOpencl({ devices: [working, broken] })).toThrow(/^no OpenCL GPU can be used: GPU: .* exclusive mode/);
  });

  // On a loaded machine the child may still be starting at the deadline; it is given up all the same.
  test.each(['hang-list', 'hang-build', 'hang-run'])('that does %s is given up at the deadline', async (mode) => {
    const { devices, problem } = await probeFake(mode, { timeoutMs: 3000 });
    expect((problem ?? devices[0]?.problem)?.reason).toMatch(
      /^the driver did not end its (list of devices|self-test) in time$/,
    );
  });

  test('that is not there is told with every name that was tried', async () => {
    const environment = { ...process.env, ONBOX_OPENCL_LIBRARY: 'libnowhere.so' };
    const { problem } = await probeOpencl({ child, environment, root: scratch });
    expect(problem?.reason).toMatch(/no OpenCL library loads: cannot load "libnowhere\.so"/);
    expect(problem?.cure).toMatch(/^install the ICD loader \(apt-get install ocl-icd-libopencl1\)/);
  });
});

describe('the cure', () => {
  /** A machine with these files; a file of no permission is only denied to who is not root. */
  function machine(name: string, files: readonly string[], drivers: Readonly<Record<string, string>> = {}): string {
    const root = join(scratch, name);
    for (const file of files) {
      mkdirSync(join(root, file, '..'), { recursive: true });
      writeFileSync(join(root, file), '');
    }
    for (const [node, driver] of Object.entries(drivers)) {
      mkdirSync(join(root, 'sys/class/drm', node, 'device'), { recursive: true });
      symlinkSync(`../../../../bus/platform/drivers/${driver}`, join(root, 'sys/class/drm', node, 'device/driver'));
    }
    return root;
  }

  test('is libmali where the kernel has its driver', () => {
    const facts = probeSystem(machine('vendor', ['dev/mali0', 'etc/OpenCL/vendors/mali.icd']));
    const { reason, cure } = cureOf({ kind: 'no-platform', detail: '' }, facts);
    expect(reason).toBe('OpenCL has no platform: /etc/OpenCL/vendors lists mali.icd, of which none loads');
    expect(cure).toMatch(/^install the libmali of this GPU/);
  });

  test.each(['panthor', 'panfrost'])('is Mesa where the kernel drives the GPU by %s', (driver) => {
    const facts = probeSystem(machine(driver, ['dev/dri/renderD128'], { renderD128: driver }));
    expect(cureOf({ kind: 'no-platform', detail: '' }, facts).cure).toMatch(
      new RegExp(`by ${driver}, with which Arm's libmali does not work: .*RUSTICL_ENABLE=panfrost`),
    );
  });

  test('is the group of the device node where that is denied', () => {
    const facts = { vendors: ['mali.icd'], nodes: [{ path: '/dev/mali0', driver: 'mali', isDenied: true }] };
    for (const kind of ['no-device', 'no-platform', 'failed'] as const) {
      expect(cureOf({ kind, detail: '' }, facts).cure).toMatch(/^let this user open \/dev\/mali0: /);
    }
  });
});

describe('a description', () => {
  const facts: OpenclFacts = {
    name: 'Mali-G610',
    vendor: 'ARM',
    driver: 'g13p0',
    version: 'OpenCL 3.0',
    type: 'gpu',
    isAvailable: true,
    hasCompiler: true,
    extensions: ['cl_khr_fp16'],
    units: 4,
    megahertz: 1000,
    globalBytes: 2 ** 32,
    allocBytesMax: 2 ** 31,
    cacheLineBytes: 64,
    cacheBytes: 2 ** 19,
    localBytes: 32_768,
    isLocalDedicated: false,
    isMemoryUnified: true,
    workGroupMax: 1024,
    workItemMax: [1024, 1024, 1024],
    floatLanes: 1,
    halfLanes: 2,
  };
  const describeOne = (change: Partial<OpenclFacts>, library = 'libOpenCL.so.1') => {
    const platform: OpenclPlatform = {
      library,
      name: 'ARM Platform',
      vendor: 'ARM',
      version: '3.0',
      devices: [{ ...facts, ...change }],
    };
    return describeOpencl([platform])[0];
  };

  test('counts local memory only where it is not a part of global memory', () => {
    expect(describeOne({})).toMatchObject({ localBytes: 0, hasHalfArithmetic: true });
    expect(describeOne({ isLocalDedicated: true })).toMatchObject({ localBytes: 32_768 });
  });

  test('has another fingerprint with another driver or device, and the same by another name of the library', () => {
    const own = describeOne({})?.fingerprint;
    expect(describeOne({ driver: 'g24p0' })?.fingerprint).not.toBe(own);
    expect(describeOne({ name: 'Mali-G52' })?.fingerprint).not.toBe(own);
    expect(describeOne({ extensions: [] })?.fingerprint).not.toBe(own);
    expect(describeOne({}, 'libmali.so.1')?.fingerprint).toBe(own);
  });

  test('a library and a profile may be named by the environment', () => {
    expect(openclLibraries({})).toContain('libOpenCL.so.1');
    expect(openclLibraries({ ONBOX_OPENCL_LIBRARY: '/opt/libmali.so' })).toEqual(['/opt/libmali.so']);
    expect(openclProfile({})).toBeUndefined();
    expect(openclProfile({ ONBOX_OPENCL_PROFILE: 'mali-g610' })?.workGroupMax).toBe(256);
    expect(() => openclProfile({ ONBOX_OPENCL_PROFILE: 'riva-128' })).toThrow(
      expect.objectContaining({ code: 'opencl-profile' }),
    );
  });
});
