// What onbox says of boards that are not here, from the text their kernels print, and of the machine that runs the test.

import { type CpuDevice, type CpuSource, describeCpu, fastestProcessors } from '../../runtime/device/cpu.js';
import { type Board, fakeNothing, fakeRk3399, fakeRk3588, fakeX64, rk3399Hwcap, rk3588Hwcap } from './boards.js';

const avx2 = 'fpu sse2 avx avx2 fma bmi1 bmi2 f16c movbe abm';
const avx512 = `${avx2} avx512f avx512bw avx512cd avx512dq avx512vl`;

/** For code that gcc must not reorder; see arm64OrderFlags. */
const armOrder = ['-fno-schedule-insns', '-fno-tree-vectorize'];

function describeBoard(board: Board, source: Partial<CpuSource>): CpuDevice {
  try {
    return describeCpu({ isa: undefined, ...source, root: board.root });
  } finally {
    board.remove();
  }
}

function describeX64(flags: string, isa?: string): CpuDevice {
  return describeBoard(fakeX64(flags), { arch: 'x64', isa });
}

function describeArm(board: Board, hwcap: number): CpuDevice {
  return describeBoard(board, { arch: 'arm64', hwcap: () => ({ hwcap, hwcap2: 0 }) });
}

test('RK3399 is two A72 and four A53 without fp16', () => {
  const { fingerprint, ...device } = describeArm(fakeRk3399(), rk3399Hwcap);
  expect(device).toEqual({
    arch: 'arm64',
    name: 'Firefly RK3399 Board',
    isa: 'neon',
    vectorBytes: 16,
    vectorRegisters: 32,
    fmaPerCycle: 1,
    hasFp16Arithmetic: false,
    hasDotProduct: false,
    cores: {
      count: 6,
      kinds: [
        { name: 'cortex-a72', count: 2, processors: [4, 5], capacity: 1024 },
        { name: 'cortex-a53', count: 4, processors: [0, 1, 2, 3], capacity: 485 },
      ],
    },
    l1Bytes: 32768,
    l2Bytes: 1048576,
    l3Bytes: 0,
    flags: ['-march=armv8-a', '-mtune=cortex-a72', ...armOrder],
  });
  expect(fingerprint).toMatch(/^arm64-neon-[0-9a-f]{16}$/);
});

test('few threads get the fast cores, and as many as there are cores get all', () => {
  const device = describeArm(fakeRk3399(), rk3399Hwcap);
  expect([1, 2, 3, 6, 8].map((threads) => fastestProcessors(device, threads))).toEqual([
    [4, 5],
    [4, 5],
    undefined,
    undefined,
    undefined,
  ]);
});

test('RK3588 is four A76 and four A55 with fp16 and dot products', () => {
  const device = describeArm(fakeRk3588(), rk3588Hwcap);
  expect(device.cores.kinds.map((kind) => `${kind.count} ${kind.name}`)).toEqual(['4 cortex-a76', '4 cortex-a55']);
  expect(device).toMatchObject({ fmaPerCycle: 2, hasFp16Arithmetic: true, hasDotProduct: true });
  expect(device).toMatchObject({ l1Bytes: 65536, l2Bytes: 524288, l3Bytes: 3145728 });
  expect(device.flags).toEqual(['-march=armv8.2-a+fp16+dotprod', '-mtune=cortex-a76', ...armOrder]);
});

test('HWCAP decides on Arm, not the text of cpuinfo', () => {
  const device = describeArm(fakeRk3588(), rk3399Hwcap);
  expect(device).toMatchObject({ hasFp16Arithmetic: false, hasDotProduct: false });
  expect(device.flags[0]).toBe('-march=armv8-a');
});

test('an Arm core that is not known gets code for any of its kind', () => {
  expect(describeArm(fakeNothing(), rk3399Hwcap)).toMatchObject({
    flags: ['-march=armv8-a', ...armOrder],
    name: 'unknown CPU',
  });
});

const avx2Flags = ['-march=x86-64', '-mavx2', '-mfma', '-mbmi', '-mbmi2', '-mf16c', '-mmovbe', '-mlzcnt'];
const avx512Flags = [...avx2Flags, '-mavx512f', '-mavx512bw', '-mavx512cd', '-mavx512dq', '-mavx512vl'];

test.each([
  [avx512, 'avx512', 64, 32, [...avx512Flags, '-mprefer-vector-width=512']],
  [`${avx512} avx512_vnni`, 'avx512', 64, 32, [...avx512Flags, '-mavx512vnni', '-mprefer-vector-width=512']],
  [avx2, 'avx2', 32, 16, avx2Flags],
  [`${avx2} avx_vnni`, 'avx2', 32, 16, [...avx2Flags, '-mavxvnni']],
  ['fpu sse2 avx avx2 fma', 'avx2', 32, 16, ['-march=x86-64', '-mavx2', '-mfma']],
  ['fpu sse2 avx', 'sse2', 16, 16, ['-march=x86-64']],
])('x86 with %s is %s', (features, isa, vectorBytes, vectorRegisters, flags) => {
  expect(describeX64(features)).toMatchObject({ isa, vectorBytes, vectorRegisters, flags });
});

test('the two processors of a hyper-threaded core are one core', () => {
  const device = describeX64(avx2);
  expect(device.cores.count).toBe(2);
  expect(device.cores.kinds).toEqual([{ name: 'Example CPU @ 2.00GHz', count: 4, processors: [0, 1, 2, 3], capacity: 1024 }]);
  expect(device).toMatchObject({ l1Bytes: 49152, l2Bytes: 2097152, l3Bytes: 31457280 });
});

test('ONBOX_ISA chooses narrower vectors, and never what the CPU lacks', () => {
  expect(describeX64(avx512, 'avx2')).toMatchObject({ isa: 'avx2', flags: avx2Flags });
  expect(describeX64(avx512, 'sse2')).toMatchObject({ isa: 'sse2' });
  for (const isa of ['avx512', 'neon', 'no such']) {
    expect(() => describeX64(avx2, isa)).toThrow(`ONBOX_ISA is "${isa}", this CPU has avx2, sse2`);
  }
});

test('the fingerprint tells vector widths and boards apart and is the same every time', () => {
  const prints = [
    describeX64(avx512),
    describeX64(avx512, 'avx2'),
    describeX64(avx2),
    describeArm(fakeRk3399(), rk3399Hwcap),
    describeArm(fakeRk3588(), rk3588Hwcap),
  ].map((device) => device.fingerprint);
  expect(new Set(prints).size).toBe(4);
  expect(prints[1]).toBe(prints[2]);
  expect(describeX64(avx512).fingerprint).toBe(prints[0]);
});

test('another architecture is refused by name', () => {
  expect(() => describeCpu({ arch: 'riscv64' })).toThrow(expect.objectContaining({ code: 'cpu-unsupported' }));
});

test('this machine is described', () => {
  const device = describeCpu();
  expect(device.cores.count).toBeGreaterThan(0);
  expect(device.l1Bytes).toBeGreaterThanOrEqual(8192);
  expect(device.l2Bytes).toBeGreaterThanOrEqual(device.l1Bytes);
  expect(device.fingerprint).toBe(describeCpu().fingerprint);
});
