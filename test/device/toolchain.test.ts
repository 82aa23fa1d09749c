// The box's C compiler: what it makes loads, and what it says when it fails reaches the reader.

import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describeCpu } from '../../runtime/device/cpu.js';
import { createNativeSession } from '../../runtime/device/native.js';
import { compileShared, findCompiler } from '../../runtime/device/toolchain.js';

let folder: string;
let output: string;
const include = `-I${resolve(__dirname, '..', '..', 'addon', 'include')}`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onbox toolchain $HOME;-'));
  output = join(folder, 'module.so');
});
afterEach(() => {
  delete process.env['ONBOX_CC'];
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('several sources become one module that runs here, with the flags of this CPU', async () => {
  const kernel = 'void one(void *const *b, long begin, long end) { for (long i = begin; i < end; i++) ((int *)b[0])[i] = 1; }';
  const table = `#include "onbox_module.h"
    void one(void *const *, int64_t, int64_t);
    static const onbox_kernel kernels[] = {one};
    const onbox_module onbox_module_v1 = {sizeof(onbox_module), ONBOX_MODULE_ABI, 1, 0, kernels};`;
  const sources = [write('-kernel one.c', kernel), write('table.c', table)];
  await compileShared({ sources, output, flags: ['-O2', include, ...describeCpu().flags], timeoutMs: 60000 });
  const weights = write('weights.bin', '');
  const plans = [[{ kernel: 0, extent: 16, buffers: [{ space: 'arena', offset: 0 } as const] }]];
  const session = createNativeSession({ object: output, weights, arenaBytes: 64, inputBytes: [], plans, threads: 1 });
  await session.run(0, []);
  expect([...session.view(0, 64)].filter((byte) => byte === 1).length).toBe(16);
  session.close();
  await expect(session.run(0, [])).rejects.toMatchObject({ name: 'OnboxError', code: 'session-closed' });
  expect(readdirSync(folder).sort()).toEqual(['-kernel one.c', 'module.so', 'table.c', 'weights.bin']);
});

test('the compiler tells why it fails, and nothing is left behind', async () => {
  const sources = [write('good.c', 'int good;'), write('bad.c', 'int bad = nothing;')];
  const failure = compileShared({ sources, output, flags: [], timeoutMs: 60000 });
  await expect(failure).rejects.toMatchObject({ code: 'toolchain-failed', message: expect.stringContaining('nothing') });
  expect(readdirSync(folder).sort()).toEqual(['bad.c', 'good.c']);
});

test('a flag of the machine that an old compiler does not know is left out, an unknown flag of another kind is not', async () => {
  const tried = join(folder, 'tried');
  const old = `#!/bin/sh\necho "$*" >>'${tried}'\ncase "$*" in *-mnewest*) echo "unrecognized option -mnewest" >&2; exit 1;; esac\nexec cc "$@"\n`;
  process.env['ONBOX_CC'] = write('old-cc', old);
  chmodSync(process.env['ONBOX_CC'], 0o755);
  const request = { sources: [write('a.c', 'int a;')], output, timeoutMs: 60000 };
  await compileShared({ ...request, flags: ['-mnewest', '-O1'] });
  expect(existsSync(output)).toBe(true);
  const first = readFileSync(tried, 'utf8').split('\n').length;
  await compileShared({ ...request, flags: ['-mnewest', '-O1'] });
  // It is not tried again: one call to compile, one to link.
  expect(readFileSync(tried, 'utf8').split('\n').length - first).toBe(2);
  await expect(compileShared({ ...request, flags: ['-mnewest', '-fno-such-thing'] })).rejects.toMatchObject({
    code: 'toolchain-failed',
    message: expect.stringContaining('no-such-thing'),
  });
});

test('a missing compiler is named with the command that installs one', async () => {
  process.env['ONBOX_CC'] = 'no-such-compiler';
  const failure = compileShared({ sources: [write('a.c', 'int a;')], output, flags: [], timeoutMs: 60000 });
  await expect(failure).rejects.toMatchObject({
    code: 'toolchain-missing',
    message: expect.stringContaining('apt-get install -y gcc'),
  });
});

test('a compiler that hangs is stopped with all that it has started', async () => {
  const marker = join(folder, 'alive');
  const compiler = write('slow-cc', `#!/bin/sh\n(sleep 2; echo > '${marker}') & sleep 20\n`);
  chmodSync(compiler, 0o755);
  process.env['ONBOX_CC'] = compiler;
  const failure = compileShared({ sources: [write('a.c', 'int a;')], output, flags: [], timeoutMs: 200 });
  await expect(failure).rejects.toMatchObject({ code: 'toolchain-timeout' });
  await new Promise((done) => setTimeout(done, 2500));
  expect(existsSync(marker)).toBe(false);
});

test('ONBOX_CC comes before cc, gcc and clang of the PATH', () => {
  const compiler = write('gcc', '');
  chmodSync(compiler, 0o755);
  expect(findCompiler({ PATH: folder })).toBe(compiler);
  expect(findCompiler({ PATH: '/nowhere', ONBOX_CC: compiler })).toBe(compiler);
  expect(() => findCompiler({ PATH: '/nowhere' })).toThrow(expect.objectContaining({ code: 'toolchain-missing' }));
});

test('errors of the addon become OnboxErrors with the same code', () => {
  const options = { object: output, weights: output, arenaBytes: 64, inputBytes: [], plans: [], threads: 1 };
  expect(() => createNativeSession(options)).toThrow(expect.objectContaining({ name: 'OnboxError', code: 'module-open' }));
});
