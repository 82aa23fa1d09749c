// The plugin rknn over a double of the vendor's library whose host and device memory are apart: it computes what `ref` does, a broken
// device ends in the right status, and twelve bugs that were put into it on purpose are each noticed.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { crossCompiler, hasTools, librariesRoot, emulator as qemu } from '../arm/tools.js';

const addon = resolve(__dirname, '../../addon');
const plugins = join(addon, 'plugins');
const includes = [`-I${join(addon, 'include')}`, `-I${plugins}`];
const base = ['-std=gnu11', '-g', '-O1', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra', '-Werror'];
const libraries = ['-lm', '-ldl', '-pthread'];
const scratch = mkdtempSync(join(tmpdir(), 'onbox-rknn-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function sourcesIn(folder: string): string[] {
  const files = readdirSync(join(plugins, folder)).filter((file) => file.endsWith('.c'));
  return files.map((file) => join(plugins, folder, file));
}

interface Built {
  readonly folder: string;
  readonly program: readonly string[];
  readonly objects: readonly string[];
}

/** Builds both plugins, the double and the program that drives them. */
function build(name: string, compiler: string, flags: readonly string[], emulator: readonly string[]): Built {
  const folder = join(scratch, name);
  mkdirSync(folder);
  const sources = [...sourcesIn('rknn'), ...sourcesIn('common')];
  const objects = sources.map((source) => join(folder, `${basename(source, '.c')}.o`));
  execFileSync(compiler, [...base, ...flags, ...includes, '-c', ...sources], { cwd: folder });
  const link = (file: string, parts: readonly string[], more: readonly string[] = ['-shared']) =>
    execFileSync(compiler, [...base, ...flags, ...includes, ...more, ...parts, '-o', join(folder, file), ...libraries]);
  link('rknn.so', objects);
  link('ref.so', [...sourcesIn('ref'), ...objects.filter((_, i) => sources[i]?.includes('/common/'))]);
  link('librknnrt.so', [join(__dirname, 'rknnrt_double.c')]);
  link('agreement', [join(__dirname, 'rknn_agreement.c')], []);
  return { folder, objects, program: [...emulator, join(folder, 'agreement')] };
}

function run({ folder, program }: Built, plugin = join(folder, 'rknn.so')) {
  const [command = '', ...args] = [...program, join(folder, 'ref.so'), plugin, join(folder, 'librknnrt.so')];
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 400_000, killSignal: 'SIGKILL' });
  return { status, text: `${stdout}${stderr}` };
}

test('the plugin agrees with ref, broken devices end in the right status, and the sanitizers find nothing', () => {
  const flags = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'];
  expect(run(build('sanitized', 'cc', flags, []))).toEqual({ status: 0, text: '' });
});

const testOnArm = hasTools(crossCompiler, qemu) ? test : test.skip;
testOnArm('it does so for aarch64 as well', () => {
  expect(run(build('arm', crossCompiler, [], [qemu, '-L', librariesRoot]))).toEqual({ status: 0, text: '' });
});

describe('a bug in the plugin is noticed:', () => {
  let built: Built;
  beforeAll(() => {
    built = build('bugs', 'cc', [], []);
  });

  test.each<[string, string, string, string]>([
    ['activations are not handed over', 'product', 'status = library->mem_sync(piece->context, piece->a, RKNN_TO_DEVICE);', ''],
    ['weights are not handed over', 'product', 'library->mem_sync(piece->context, piece->b, RKNN_TO_DEVICE)', 'RKNN_OK'],
    ['sums are not fetched', 'product', 'library->mem_sync(piece->context, piece->c, RKNN_FROM_DEVICE)', 'RKNN_OK'],
    ['padding is not cleared', 'product', 'memset(made->address, 0, tensor->size);', ''],
    [
      'weights in another order',
      'product',
      'n / block.width * deep + k / block.height',
      'k / block.height * deep + n / block.width',
    ],
    ['blocks of the depth begin alike', 'product', 'piece->first_depth + k)', 'k)'],
    ['parts of the columns begin alike', 'product', 'weights->values + (piece->first_column + n)', 'weights->values + n'],
    ['one context on two cores', 'product', '1 << piece->core', '3 << piece->core'],
    ['the zero point stays in the sums', 'node', 'made->corrections[n] -= made->shift *', 'made->corrections[n] -= 0 *'],
    ['a border of 0', 'node', 'is_integer ? node->shift : 0', 'is_integer ? 0 : 0'],
    ['unsigned bytes are not shifted', 'node', '? 128 : 0', '? 0 : 0'],
    [
      'a failed run counts as done',
      'rknn',
      'if (status == RKNN_OK) continue;',
      'if (status == RKNN_OK || status == -1) continue;',
    ],
  ])('%s', (name, file, from, to) => {
    const text = readFileSync(join(plugins, 'rknn', `${file}.c`), 'utf8');
    expect(text.split(from)).toHaveLength(2);
    const source = join(built.folder, `bug-${file}.c`);
    writeFileSync(source, text.replace(from, to));
    const plugin = join(built.folder, `${name.replaceAll(' ', '-')}.so`);
    const others = built.objects.filter((object) => basename(object) !== `${file}.o`);
    execFileSync('cc', [...base, '-Wno-error', ...includes, '-shared', source, ...others, '-o', plugin, ...libraries], {
      stdio: 'ignore',
    });
    const { status, text: found } = run(built, plugin);
    expect({ status, found }).toEqual({ status: 1, found: expect.stringMatching(/\S/) });
  });
});
