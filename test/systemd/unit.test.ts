// The unit as systemd reads it: nothing unknown in it, and hardened. Skipped by name where systemd-analyze is missing.

import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Arguments } from '../../daemon/commands/command.js';
import { service } from '../../daemon/commands/service.js';

const source = resolve(__dirname, '../../systemd');
const exposureMax = 2.5;
const targets = ['sysinit', 'basic', 'shutdown', 'sockets', 'multi-user', 'network'];
const isThere = spawnSync('systemd-analyze', ['--version']).status === 0;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'onbox-systemd-'));
  for (const target of targets) write(`etc/systemd/system/${target}.target`, `[Unit]\nDescription=${target}\n`);
  for (const program of ['usr/bin/onbox', 'bin/kill']) write(program, '#!/bin/sh\n', 0o755);
  for (const unit of ['onbox.service', 'onbox.socket']) cpSync(join(source, unit), join(root, 'etc/systemd/system', unit));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
}

function analyze(...args: readonly string[]): { readonly status: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', [`--root=${root}`, ...args], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return { status, out: stdout, err: stderr };
}

if (!isThere) test.skip('systemd-analyze is missing: skipped', () => undefined);
else {
  test('systemd finds nothing to complain of in service and socket', () => {
    const units = ['onbox.service', 'onbox.socket'].map((name) => join(root, 'etc/systemd/system', name));
    // It ends with 0 even where it knows a key not, so its words count.
    expect(analyze('verify', ...units)).toMatchObject({ status: 0, err: '' });
  });

  test('the exposure of the service is low', () => {
    const { out } = analyze('security', '--offline=true', 'onbox.service');
    expect(Number(/Overall exposure level for onbox\.service: ([0-9.]+)/.exec(out)?.[1])).toBeLessThanOrEqual(exposureMax);
  });
}

test('onbox service install writes the files of systemd, with the command of this very onbox, and remove takes them away', async () => {
  const terminal = { out: () => undefined, err: () => undefined } as unknown as Parameters<typeof service.run>[1];
  rmSync(join(root, 'etc/systemd/system/onbox.service'));
  await service.run(new Arguments(['install'], { root }), terminal);
  const unit = readFileSync(join(root, 'etc/systemd/system/onbox.service'), 'utf8');
  expect(unit).toContain(`ExecStart="${process.execPath}" "${resolve(source, '../dist/daemon/main.js')}" serve\n`);
  expect(readFileSync(join(root, 'etc/udev/rules.d/60-onbox.rules'), 'utf8')).toContain('mali0');
  await service.run(new Arguments(['remove'], { root }), terminal);
  expect(() => readFileSync(join(root, 'etc/systemd/system/onbox.service'))).toThrow('ENOENT');
});

test('the service may be told to do nothing else', async () => {
  const run = service.run(new Arguments(['dance'], {}), {} as Parameters<typeof service.run>[1]);
  await expect(run).rejects.toMatchObject({ code: 'usage' });
});
