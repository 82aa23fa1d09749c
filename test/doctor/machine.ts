// Machines that are not here, as the checks of onbox doctor see them: a folder with the files of a case, and a healthy rest.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readConfig } from '../../daemon/config/read.js';
import { describeBoard } from '../../daemon/doctor/board.js';
import type { Check, Finding, Patient, Status } from '../../daemon/doctor/check.js';
import { Files } from '../../daemon/doctor/files.js';
import { type CpuDevice, OnboxError } from '../../runtime/index.js';

/** Paths from / to contents. `-> TARGET` makes a symbolic link, and `mode 600` an empty file of that mode. */
export type FakeFiles = Readonly<Record<string, string>>;

export const rk3588: FakeFiles = {
  '/proc/device-tree/model': 'Radxa ROCK 5B\0',
  '/proc/device-tree/compatible': 'radxa,rock-5b\0rockchip,rk3588\0',
  '/proc/sys/kernel/osrelease': '5.10.160-rockchip\n',
};
export const rk3399: FakeFiles = {
  '/proc/device-tree/model': 'Firefly RK3399 Board\0',
  '/proc/device-tree/compatible': 'firefly,firefly-rk3399\0rockchip,rk3399\0',
};
export const rk3399pro: FakeFiles = {
  '/proc/device-tree/model': 'Toybrick RK3399Pro\0',
  '/proc/device-tree/compatible': 'rockchip,rk3399pro-toybrick\0rockchip,rk3399pro\0',
};

const kinds = [
  { name: 'cortex-a76', count: 4, processors: [4, 5, 6, 7], capacity: 1024 },
  { name: 'cortex-a55', count: 4, processors: [0, 1, 2, 3], capacity: 530 },
];

export const meminfo = (kib: Readonly<Record<string, number>>): FakeFiles => ({
  '/proc/meminfo': Object.entries(kib)
    .map(([name, value]) => `${name}:   ${value} kB\n`)
    .join(''),
});
/** A program that prints this, whatever it is asked. */
export const says = (text: string) => async () => text;

/** A fact, and a machine that shows it. */
export type Case = readonly [
  fact: string,
  check: Check,
  files: FakeFiles,
  status: Status,
  told: RegExp,
  facts?: Partial<Patient>,
];

/** Runs a check and holds what it finds against the case. */
export async function requireTold([, check, files, status, told, facts]: Case): Promise<void> {
  const found = await findings(check, files, facts);
  const text = found
    .map(({ summary, why, cure }) => [summary, why, cure].join(' '))
    .join(' ')
    .trim();
  expect({ text, statuses: found.map((finding) => finding.status) }).toEqual({
    text: expect.stringMatching(told),
    statuses: expect.arrayContaining([status]),
  });
  // Whoever is told of a fault is told what helps.
  for (const finding of found.filter((each) => each.status === 'problem' || each.status === 'warning')) {
    expect(finding).toMatchObject({ why: expect.stringMatching(/\S/), cure: expect.stringMatching(/\S/) });
  }
}

/** Runs a check on a machine with these files. @param facts what is otherwise than on a healthy machine */
export async function findings(check: Check, files: FakeFiles, facts: Partial<Patient> = {}): Promise<readonly Finding[]> {
  const root = mkdtempSync(join(tmpdir(), 'onbox-machine-'));
  try {
    for (const [path, content] of Object.entries(files)) write(join(root, path), content);
    return await check.run(patientOf(root, facts));
  } finally {
    rmSync(root, { recursive: true });
  }
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const [, link] = /^-> (.*)$/.exec(content) ?? [];
  const [, mode] = /^mode (\d+)$/.exec(content) ?? [];
  if (link !== undefined) symlinkSync(link, path);
  else writeFileSync(path, mode === undefined ? content : '');
  if (mode !== undefined) chmodSync(path, Number.parseInt(mode, 8));
}

function patientOf(root: string, facts: Partial<Patient>): Patient {
  const files = new Files(root);
  return {
    files,
    board: describeBoard(files),
    environment: { PATH: process.env['PATH'] },
    arch: 'arm64',
    nodeVersion: '20.20.2',
    home: '/var/lib/onbox',
    users: [{ name: 'onbox', uid: 54321, gids: [54321] }],
    now: new Date(),
    run: async () => undefined,
    cpu: () =>
      ({ name: 'Radxa ROCK 5B', isa: 'neon', cores: { count: 8, kinds }, fingerprint: 'arm64-neon-1' }) as unknown as CpuDevice,
    opencl: async () => ({ devices: [] }),
    config: () => readConfig({ home: join(root, 'var/lib/onbox'), environment: {}, file: undefined, flag: () => undefined }),
    ask: async () => undefined,
    tryListen: async () => undefined,
    ...facts,
  };
}

/** For what a machine lacks. */
export function fails(message: string): () => never {
  return () => {
    throw new OnboxError(message, { code: 'addon-missing' });
  };
}
