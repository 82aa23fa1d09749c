// A module on disk: what is in the folder, and everything that must be noticed before it runs.

import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeCpu } from '../../runtime/device/cpu.js';
import { manifestOf } from '../../runtime/module/check-manifest.js';
import { digestOf } from '../../runtime/module/files.js';
import type { Manifest } from '../../runtime/module/manifest.js';
import { printManifest, readModule } from '../../runtime/module/read.js';
import { openSession } from '../../runtime/module/session.js';
import { compileGraph, makeScratch, smallImage, smallNetwork } from './networks.js';

const scratch = makeScratch();
const good = join(scratch, 'good');
let manifest: Manifest;
let files: string[];

beforeAll(async () => {
  const head = { kind: 'classify', parameters: { classes: 5, scores: 'logits' } };
  const spec = { task: 'classify', labels: ['a', 'b', 'c', 'd', 'e'], image: smallImage, head } as const;
  manifest = (await compileGraph(good, smallNetwork(), { spec })).manifest;
  files = readdirSync(good);
});

/** A copy of the good module, which a test may damage. */
function copyOf(): string {
  const folder = join(scratch, 'copy');
  rmSync(folder, { recursive: true, force: true });
  cpSync(good, folder, { recursive: true });
  return folder;
}

/** A module whose manifest is another one, with a digest that fits. */
function withManifest(change: Record<string, unknown>): string {
  const folder = copyOf();
  writeFileSync(join(folder, 'manifest.json'), printManifest({ ...manifest, ...change } as Manifest));
  return folder;
}

test('a module has its manifest, weights, sources and code, and nothing else', () => {
  expect(files.sort()).toEqual(['kernels0.c', 'manifest.json', 'module.so', 'table.c', 'weights.bin']);
  expect(Object.keys(manifest.files).sort()).toEqual(files.filter((name) => name !== 'manifest.json'));
  for (const [name, digest] of Object.entries(manifest.files)) expect(digestOf(readFileSync(join(good, name)))).toBe(digest);
});

test('what is read is what was written', async () => {
  expect(await readModule(good, describeCpu().fingerprint)).toEqual(manifest);
});

describe('damage', () => {
  const names = ['manifest.json', 'weights.bin', 'module.so', 'kernels0.c', 'table.c'];

  test.each(names)('%s is missing', async (name) => {
    const folder = copyOf();
    rmSync(join(folder, name));
    await expect(openSession(folder)).rejects.toMatchObject({ code: 'module-damaged' });
  });

  test.each(names)('%s is cut short', async (name) => {
    const folder = copyOf();
    truncateSync(join(folder, name), readFileSync(join(folder, name)).length - 1);
    await expect(openSession(folder)).rejects.toMatchObject({ code: 'module-damaged' });
    truncateSync(join(folder, name), 0);
    await expect(openSession(folder)).rejects.toMatchObject({ code: 'module-damaged' });
  });

  test.each(names)('a bit of %s is flipped', async (name) => {
    const bytes = readFileSync(join(good, name));
    for (const place of [0.02, 0.3, 0.7, 0.99]) {
      const folder = copyOf();
      const flipped = Uint8Array.from(bytes);
      const at = Math.floor(bytes.length * place);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      writeFileSync(join(folder, name), flipped);
      await expect(openSession(folder)).rejects.toMatchObject({ code: expect.stringMatching(/^module-(damaged|stale)$/) });
    }
  });

  test.each(['', '{', 'null', '[]', '"text"', '7', '{"format": 1}', '\u0000\uffff'])('the manifest %j', async (text) => {
    const folder = copyOf();
    writeFileSync(join(folder, 'manifest.json'), text);
    await expect(openSession(folder)).rejects.toMatchObject({ code: expect.stringMatching(/^module-(damaged|stale)$/) });
  });
});

describe('modules of others', () => {
  test('another format or another compiler is stale', async () => {
    await expect(openSession(withManifest({ format: 0 }))).rejects.toMatchObject({ code: 'module-stale' });
    await expect(openSession(withManifest({ compiler: '0.0.9' }))).rejects.toMatchObject({ code: 'module-stale' });
  });

  test('another machine is foreign', async () => {
    await expect(openSession(withManifest({ fingerprint: 'a toaster' }))).rejects.toMatchObject({ code: 'module-foreign' });
  });
});

describe('manifests that lie', () => {
  const launch = { kernel: 0, extent: 1, buffers: [{ space: 'arena', offset: 0 }] };
  const input = { name: 'image', dtype: 'f32', shape: [1, 3, 8, 8] };

  test.each<[field: string, value: unknown]>([
    ['name', 7],
    ['name', { toString: null }],
    ['modelDigest', '../../etc/passwd'],
    ['task', 'hack the planet'],
    ['labels', [1]],
    ['labels', { length: 3 }],
    ['arenaBytes', -1],
    ['arenaBytes', 1e300],
    ['arenaBytes', 0.5],
    ['arenaBytes', '64'],
    ['arenaBytes', 64],
    ['inputs', [{ ...input, dtype: 'f8' }]],
    ['inputs', [{ ...input, shape: [1e9, 1e9, 1e9] }]],
    ['inputs', [{ ...input, shape: [2 ** 31, 2 ** 31] }]],
    ['inputs', [null]],
    ['outputs', [{ ...input, offset: 2 ** 40 }]],
    ['outputs', [{ ...input, offset: 4 }]],
    ['outputs', [{ ...input, shape: [-1], offset: 0 }]],
    ['kernels', 'kernels'],
    ['plans', []],
    ['plans', [[launch]]],
    ['plans', [[], [{ ...launch, kernel: 1e6 }], []]],
    ['plans', [[], [{ ...launch, extent: -5 }], []]],
    ['plans', [[], [{ ...launch, extent: 1e300 }], []]],
    ['plans', [[], [{ ...launch, buffers: [{ space: 'disk', offset: 0 }] }], []]],
    ['plans', [[{ ...launch, buffers: [{ space: 'input', offset: 1 }] }], [], []]],
    ['image', { ...smallImage, width: 1e9 }],
    ['image', { ...smallImage, mean: ['x'] }],
    ['head', { kind: 'classify', parameters: { classes: { deep: true } } }],
    ['files', { '../../../etc/passwd': '0'.repeat(64) }],
    ['files', { 'weights.bin': 'short' }],
    ['files', {}],
    ['selfCheck', undefined],
    ['compileSeconds', null],
  ])('%s %j', async (field, value) => {
    await expect(openSession(withManifest({ [field]: value }))).rejects.toMatchObject({ code: 'module-damaged' });
  });

  test('a plan that leaves the weights is refused by the addon', async () => {
    const plans = [[{ kernel: 0, extent: 1, buffers: [{ space: 'weights', offset: 2 ** 39 }] }], [], []];
    await expect(openSession(withManifest({ plans }))).rejects.toMatchObject({
      code: 'module-damaged',
      message: expect.stringContaining('launch 0 of plan 0 has a buffer at byte 549755813888 of the weights'),
    });
  });

  test('a prototype cannot be smuggled in', () => {
    const text = JSON.stringify({ ...manifest, head: undefined }).replace(
      '"labels"',
      '"__proto__": {"isAdmin": true}, "head": {"kind": "classify", "parameters": {"__proto__": {"classes": 5}}}, "labels"',
    );
    expect(() => manifestOf(JSON.parse(text))).toThrow(expect.objectContaining({ code: 'module-damaged' }));
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  });
});
