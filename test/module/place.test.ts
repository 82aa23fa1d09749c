// Modules with regions on an NPU, on the reference plugin: they answer as those of the CPU do, whether the device works, fails, hangs or
// is gone, and the report has a reason for every node that stayed.

import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findNpuPlugin, listNpuPlugins } from '../../runtime/device/npu.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import { errorOf } from '../../runtime/module/compare.js';
import { place as findPlace } from '../../runtime/module/placement.js';
import { printManifest } from '../../runtime/module/read.js';
import { openSession } from '../../runtime/module/session.js';
import { compileFile } from '../../runtime/vision/compile.js';
import { sharedData } from '../support/data.js';
import { compileGraph, makeScratch, numbers, smallImage, smallNetwork } from './networks.js';

const plugins = resolve(__dirname, '../../addon/build/Release/plugins');
const scratch = makeScratch();
let count = 0;
let folders = 0;
/** The small network with both of its regions on `ref`. */
let placed: Awaited<ReturnType<typeof compileGraph>>;

beforeAll(async () => {
  process.env['ONBOX_NPU_FOLDERS'] = plugins;
  placed = await compileGraph(fresh(), smallNetwork(), { place: 'npu' });
});

beforeEach(() => {
  const folder = join(scratch, `plugins${folders++}`);
  mkdirSync(folder, { mode: 0o755 });
  copyFileSync(join(plugins, 'ref.so'), join(folder, 'ref.so'));
  chmodSync(join(folder, 'ref.so'), 0o755);
  process.env['ONBOX_NPU_FOLDERS'] = folder;
  process.env['ONBOX_NPU_TIMEOUT_MS'] = '60000';
});
afterEach(() => {
  for (const name of ['FOLDERS', 'OPTIONS', 'TIMEOUT_MS']) delete process.env[`ONBOX_NPU_${name}`];
});

function fresh(): string {
  return join(scratch, `module${count++}`);
}

const feeds = new Map([['image', numbers([1, 3, 8, 8], 5)]]);
const want = evaluate(smallNetwork(), feeds);

async function expectRight(folder: string) {
  const session = await openSession(folder, { threads: 2 });
  try {
    const got = await session.runTensors(feeds);
    expect(errorOf(got.get('scores'), want.get('scores'))).toBeLessThan(1e-5);
    return session.npu();
  } finally {
    session.close();
  }
}

describe('--place npu', () => {
  test('puts what the plugin supports on it, and says why the rest stays', async () => {
    const { manifest, place, folder } = placed;
    expect(manifest.npu).toMatchObject({ plugin: 'ref', regions: [{ inputs: [0] }, { outputs: [2] }] });
    expect(place?.nodes.map(({ value, target }) => [value, target])).toEqual([
      ['stem', 'npu'],
      ['stem.relu', 'npu'],
      ['body', 'npu'],
      ['body.relu', 'npu'],
      ['tail', 'npu'],
      ['sum', 'npu'],
      ['pooled', 'cpu'],
      ['classes', 'npu'],
    ]);
    expect(place?.nodes.find(({ value }) => value === 'pooled')?.reason).toBe('a mean over other axes than those of a plane');
    expect(place?.regions).toMatchObject([
      { first: 'stem', last: 'sum', nodes: 6, isTaken: true, reason: '' },
      { first: 'classes', last: 'classes', nodes: 1, isTaken: true },
    ]);
    expect(await expectRight(folder)).toMatchObject([
      { mode: 'ready', runs: 1 },
      { mode: 'ready', runs: 1 },
    ]);
  });

  test('takes pictures as well', async () => {
    const folder = fresh();
    const spec = { task: 'other', labels: [], image: smallImage } as const;
    await compileGraph(folder, smallNetwork(), { place: 'npu', spec });
    const cpu = fresh();
    await compileGraph(cpu, smallNetwork(), { spec });
    const pixels = Uint8Array.from({ length: 192 }, (_, i) => (i * 37) % 256);
    const answers = [];
    for (const one of [folder, cpu]) {
      const session = await openSession(one, { threads: 2 });
      const scores = (await session.runPixels(pixels)).get('scores');
      answers.push({ dtype: 'f32', shape: [1, 5], data: Float32Array.from(scores?.data as Float32Array) } as const);
      expect(session.npu().every(({ runs }) => runs === 1)).toBe(true);
      session.close();
    }
    expect(errorOf(answers[0], answers[1])).toBeLessThan(1e-5);
  });

  test.each([
    ['fails at every run', 'ref.fail=run', 'ready', 'told to fail at run'],
    ['does not compile', 'ref.fail=compile', 'failed', 'told to fail at compile'],
    ['does not open', 'ref.fail=open', 'failed', 'told to fail at open'],
  ])('a device that later %s is answered for by the CPU', async (_, options, mode, reason) => {
    process.env['ONBOX_NPU_OPTIONS'] = options;
    expect(await expectRight(placed.folder)).toMatchObject([{ mode, reason: expect.stringContaining(reason), runs: 0 }, {}]);
  });

  test('a device that later hangs is lost: all regions are answered for by the CPU', async () => {
    process.env['ONBOX_NPU_OPTIONS'] = 'ref.fail=hang';
    process.env['ONBOX_NPU_TIMEOUT_MS'] = '50';
    expect(await expectRight(placed.folder)).toMatchObject([
      { mode: 'lost', reason: 'ref: no answer within 50 ms' },
      { mode: 'lost', reason: 'ref: no answer within 50 ms' },
    ]);
  });

  test('a plugin that is gone is answered for by the CPU', async () => {
    process.env['ONBOX_NPU_FOLDERS'] = '';
    expect(await expectRight(placed.folder)).toMatchObject([
      { mode: 'failed', reason: expect.stringContaining('has the plugin "ref"') },
      {},
    ]);
  });

  test('a device that computes wrong is not used', async () => {
    process.env['ONBOX_NPU_OPTIONS'] = 'ref.error=1';
    const folder = fresh();
    const { manifest, place } = await compileGraph(folder, smallNetwork(), { place: 'npu' });
    expect(manifest.npu).toBeUndefined();
    expect(place?.verdict).toBe('everything runs on the CPU');
    expect(place?.regions.every(({ reason }) => /^its error is \d.*, 0.001 at most$/.test(reason))).toBe(true);
    expect(await expectRight(folder)).toEqual([]);
  });

  test('without a plugin is an error', async () => {
    delete process.env['ONBOX_NPU_FOLDERS'];
    await expect(compileGraph(fresh(), smallNetwork(), { place: 'npu' })).rejects.toMatchObject({ code: 'npu-missing' });
  });
});

const model = sharedData('models/mobilenetv2_fp32deq.onnx');
const testModel = model === undefined ? test.skip : test;
testModel('mobilenetv2 runs as one region on ref, and answers as on the CPU', async () => {
  process.env['ONBOX_NPU_TIMEOUT_MS'] = '600000';
  const folder = fresh();
  const { manifest, place } = await compileFile(model ?? '', { name: 'mobilenetv2', outFolder: folder, place: 'npu' });
  expect(place?.regions.filter(({ isTaken }) => isTaken)).toMatchObject([{ nodes: place?.nodes.length }]);
  expect(manifest.npu?.regions).toHaveLength(1);
  expect(manifest.selfCheck.maxRelativeError).toBeLessThan(1e-4);
});

describe('a placement by hand', () => {
  test('is taken as it is', async () => {
    const folder = fresh();
    const { place } = await compileGraph(folder, smallNetwork(), { place: [{ first: 'body', last: 'body.relu' }] });
    expect(place?.nodes.filter(({ target }) => target === 'npu').map(({ value }) => value)).toEqual(['body', 'body.relu']);
    expect(await expectRight(folder)).toMatchObject([{ mode: 'ready', runs: 1 }]);
  });

  test.each([
    ['of a value that is not there', [{ first: 'head', last: 'sum' }], 'no node writes "head"'],
    ['that runs backwards', [{ first: 'sum', last: 'stem' }], '"stem" stands before "sum"'],
    ['of a node without support', [{ first: 'sum', last: 'pooled' }], '"pooled" cannot go to the NPU: a mean over other axes'],
  ])('%s is refused', async (_, place, message) => {
    const graph = smallNetwork();
    const ground = { graph, cpuNs: graph.nodes.map(() => 1), readOnCpu: () => numbers([1]), object: '', workspace: scratch };
    await expect(findPlace(ground, place)).rejects.toMatchObject({
      code: 'place-invalid',
      message: expect.stringContaining(message),
    });
  });
});

test('--place auto leaves a model to the CPU where the device is slow, and says so', async () => {
  process.env['ONBOX_NPU_OPTIONS'] = 'ref.delay_us=20000';
  const { manifest, place } = await compileGraph(fresh(), smallNetwork(), { place: 'auto' });
  expect(manifest.npu).toBeUndefined();
  expect(place).toMatchObject({ plugin: 'ref', verdict: 'everything runs on the CPU' });
  expect(place?.regions.map(({ reason }) => reason)).toContain('another choice is faster, crossings included');
});

test('--place auto without a plugin leaves everything as it is', async () => {
  delete process.env['ONBOX_NPU_FOLDERS'];
  const { manifest, place } = await compileGraph(fresh(), smallNetwork(), { place: 'auto' });
  expect(manifest.npu).toBeUndefined();
  expect(place?.verdict).toBe('no plugin for an NPU is configured: ONBOX_NPU_FOLDERS is empty');
});

test('a module is for one state of plugin, runtime and driver', async () => {
  const path = join(placed.folder, 'manifest.json');
  const { digest: _, ...manifest } = JSON.parse(readFileSync(path, 'utf8'));
  const changed = { ...manifest, npu: { ...manifest.npu, fingerprint: 'npu-0000000000000000' } };
  const folder = fresh();
  cpSync(placed.folder, folder, { recursive: true });
  writeFileSync(join(folder, 'manifest.json'), printManifest(changed));
  await expect(openSession(folder)).rejects.toMatchObject({ code: 'module-foreign' });
});

describe('plugins come only from folders that nobody else can write to', () => {
  test('and are found by name, with their own options', () => {
    process.env['ONBOX_NPU_OPTIONS'] = 'ref.delay_us=5, other.x=1,ref.error=0';
    expect(findNpuPlugin('ref')).toMatchObject({ name: 'ref', options: 'delay_us=5\nerror=0\n' });
    expect(() => findNpuPlugin('other')).toThrow(expect.objectContaining({ code: 'npu-missing' }));
  });

  test.each<[string, (folder: string) => string]>([
    ['a folder by a path that is not absolute', () => 'plugins'],
    ['a folder that is not there', (folder) => join(folder, 'missing')],
    ['a file for a folder', (folder) => join(folder, 'ref.so')],
    [
      'a folder that everyone can write to',
      (folder) => {
        chmodSync(folder, 0o777);
        return folder;
      },
    ],
    [
      'a plugin that its group can write to',
      (folder) => {
        chmodSync(join(folder, 'ref.so'), 0o775);
        return folder;
      },
    ],
  ])('%s is refused', (_, spoil) => {
    process.env['ONBOX_NPU_FOLDERS'] = spoil(process.env['ONBOX_NPU_FOLDERS'] ?? '');
    expect(() => listNpuPlugins()).toThrow(expect.objectContaining({ code: 'npu-folder' }));
  });

  test('files of other names are passed over', () => {
    const folder = process.env['ONBOX_NPU_FOLDERS'] ?? '';
    for (const name of ['readme.txt', 'Ref.so', '.hidden.so', 'ref.so.1']) writeFileSync(join(folder, name), '');
    expect(listNpuPlugins().map(({ name }) => name)).toEqual(['ref']);
  });
});
