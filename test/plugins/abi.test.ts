// The contract of onbox_npu.h, held against the reference plugin in C: on this machine with the sanitizers, and for aarch64 under qemu.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { crossCompiler, emulator, hasTools } from '../arm/tools.js';

const addon = resolve(__dirname, '../../addon');
const scratch = mkdtempSync(join(tmpdir(), 'onbox-plugins-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function sourcesIn(folder: string): string[] {
  const files = readdirSync(join(addon, 'plugins', folder)).filter((file) => file.endsWith('.c'));
  return files.map((file) => join(addon, 'plugins', folder, file));
}

/** Builds the test with the plugin in it. @returns what the program prints, and its exit code */
function run(compiler: string, flags: readonly string[], emulator: readonly string[]) {
  const program = join(scratch, compiler);
  const sources = [join(__dirname, 'ref_abi.c'), ...sourcesIn('ref'), ...sourcesIn('common')];
  const includes = [`-I${join(addon, 'include')}`, `-I${join(addon, 'plugins')}`];
  execFileSync(compiler, [
    '-std=gnu11',
    '-g',
    '-O1',
    '-Wall',
    '-Wextra',
    '-Werror',
    ...flags,
    ...includes,
    '-o',
    program,
    ...sources,
    '-lm',
  ]);
  const [command = '', ...args] = [...emulator, program];
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return { status, text: `${stdout}${stderr}` };
}

test('the reference plugin keeps the contract, and the sanitizers find nothing', () => {
  const flags = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];
  expect(run('cc', flags, [])).toEqual({ status: 0, text: '' });
});

const testOnArm = hasTools(crossCompiler, emulator) ? test : test.skip;
testOnArm('it does so for aarch64 as well', () => {
  expect(run(crossCompiler, ['-static'], [emulator])).toEqual({ status: 0, text: '' });
});

test('the header is C++14 too', () => {
  const [compiler, source] = ['g++', join(scratch, 'header.cc')];
  writeFileSync(source, '#include "onbox_npu.h"\nint main() { return sizeof(onbox_npu_plugin) == 0; }\n');
  const flags = ['-std=c++14', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-fsyntax-only', `-I${join(addon, 'include')}`];
  expect(() => execFileSync(compiler, [...flags, source])).not.toThrow();
});
