// The files of /proc and /sys of machines that are not here, written into a folder. Text of cpuinfo as the boards' kernels print it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Board {
  readonly root: string;
  remove(): void;
}

interface ArmCore {
  readonly part: string;
  readonly capacity: number;
  readonly kilohertz: number;
}

const a53: ArmCore = { part: '0xd03', capacity: 485, kilohertz: 1416000 };
const a72: ArmCore = { part: '0xd08', capacity: 1024, kilohertz: 1800000 };
const a55: ArmCore = { part: '0xd05', capacity: 530, kilohertz: 1800000 };
const a76: ArmCore = { part: '0xd0b', capacity: 1024, kilohertz: 2400000 };

/** AT_HWCAP of the two, as the kernel gives it. */
export const rk3399Hwcap = 0x8ff;
export const rk3588Hwcap = 0x119fff;

export function fakeRk3399(): Board {
  const features = 'fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid';
  return fakeArm('Firefly RK3399 Board', features, [a53, a53, a53, a53, a72, a72]);
}

/** Boards of small cores alone. */
export function fakeRk3328(): Board {
  return fakeArm('Pine64 Rock64', 'fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid', [a53, a53, a53, a53]);
}
export function fakeRk3568(): Board {
  const features = 'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp';
  return fakeArm('Radxa ROCK 3A', features, [a55, a55, a55, a55]);
}

/** Its kernel tells the caches; the capacities of the two pairs of A76 are the same here. */
export function fakeRk3588(): Board {
  const features = 'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp';
  const board = fakeArm('Radxa ROCK 5B', features, [a55, a55, a55, a55, a76, a76, a76, a76]);
  writeCaches(board.root, 4, { l1: '64K', l2: '512K', l3: '3072K' });
  return board;
}

/** A hyper-threaded x86: two cores, four processors. */
export function fakeX64(flags: string): Board {
  const root = makeRoot();
  const blocks = [0, 1, 2, 3].map(
    (i) => `processor\t: ${i}\nvendor_id\t: GenuineIntel\nmodel name\t: Example CPU @ 2.00GHz\nflags\t\t: ${flags}\n`,
  );
  write(root, 'proc/cpuinfo', `${blocks.join('\n')}\n`);
  for (const i of [0, 1, 2, 3])
    write(root, `sys/devices/system/cpu/cpu${i}/topology/thread_siblings_list`, `${i % 2},${(i % 2) + 2}\n`);
  writeCaches(root, 0, { l1: '48K', l2: '2M', l3: '30M' });
  return toBoard(root);
}

/** No files at all, as in a tight sandbox. */
export function fakeNothing(): Board {
  return toBoard(makeRoot());
}

function fakeArm(model: string, features: string, cores: readonly ArmCore[]): Board {
  const root = makeRoot();
  const blocks = cores.map(({ part }, i) =>
    [
      `processor\t: ${i}`,
      'BogoMIPS\t: 48.00',
      `Features\t: ${features}`,
      'CPU implementer\t: 0x41',
      'CPU architecture: 8',
      'CPU variant\t: 0x0',
      `CPU part\t: ${part}`,
      'CPU revision\t: 4',
      '',
    ].join('\n'),
  );
  write(root, 'proc/cpuinfo', `${blocks.join('\n')}\nSerial\t\t: 0123456789abcdef\n`);
  write(root, 'proc/device-tree/model', `${model}\0`);
  cores.forEach(({ capacity, kilohertz }, i) => {
    write(root, `sys/devices/system/cpu/cpu${i}/cpu_capacity`, `${capacity}\n`);
    write(root, `sys/devices/system/cpu/cpu${i}/cpufreq/cpuinfo_max_freq`, `${kilohertz}\n`);
    write(root, `sys/devices/system/cpu/cpu${i}/topology/thread_siblings_list`, `${i}\n`);
  });
  return toBoard(root);
}

function writeCaches(
  root: string,
  processor: number,
  sizes: { readonly l1: string; readonly l2: string; readonly l3: string },
): void {
  const caches = [
    ['1', 'Data', sizes.l1],
    ['1', 'Instruction', '999K'],
    ['2', 'Unified', sizes.l2],
    ['3', 'Unified', sizes.l3],
  ];
  caches.forEach(([level, type, size], i) => {
    const folder = `sys/devices/system/cpu/cpu${processor}/cache/index${i}`;
    write(root, `${folder}/level`, `${level}\n`);
    write(root, `${folder}/type`, `${type}\n`);
    write(root, `${folder}/size`, `${size}\n`);
  });
}

function makeRoot(): string {
  return mkdtempSync(join(tmpdir(), 'onbox-board-'));
}

function toBoard(root: string): Board {
  return { root, remove: () => rmSync(root, { recursive: true }) };
}

function write(root: string, name: string, text: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text);
}
