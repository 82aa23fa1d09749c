// Cases 27 to 34: ONNX files that reach out, that explode, that carry text, and compiles that are cut off.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onnx } from 'onnx-proto';
import { samplePicture } from '../../daemon/embedded/index.js';
import { tensorOf } from '../../runtime/core/tensor.js';
import { until } from '../daemon/support/server.js';
import { type ModelSketch, writeOnnx } from '../support/onnx-writer.js';
import { attacked } from './support/attacked.js';
import { isOneOf } from './support/target.js';

const target = attacked();

async function put(name: string, model: Uint8Array | string): Promise<{ status: number; text: string }> {
  return await target().ask('PUT', `/v1/models/${name}`, model);
}

function expectRefused(status: number): void {
  expect([status, isOneOf(status, [400, 413, 422])]).toEqual([status, true]);
}

/** Nothing of a refused model may be left. */
function expectClean(): void {
  expect(readdirSync(join(target().home, 'models')).sort()).toEqual(['shapes', 'shapes-classify']);
  expect(readdirSync(join(target().home, 'staging'))).toEqual([]);
}

const small: ModelSketch = {
  inputs: [{ name: 'x', dims: [1, 4] }],
  outputs: ['y'],
  nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
};

test.each(['../../key', '/etc/passwd', 'a/../../key', '/dev/zero', '/proc/self/mem', 'model.onnx', ''])(
  '27 a tensor in the file %j is refused by its name, and no byte of the file gets out',
  async (location) => {
    const externalData = [
      { key: 'location', value: location },
      { key: 'offset', value: '-8' },
      { key: 'length', value: '99999999999' },
    ];
    const tensor = { name: 'weights', dims: [16], dataType: 1, dataLocation: 1, externalData };
    const model = onnx.ModelProto.decode(
      writeOnnx({ ...small, nodes: [{ op: 'Add', inputs: ['x', 'weights'], outputs: ['y'] }] }),
    );
    const bytes = onnx.ModelProto.encode({ ...model, graph: { ...model.graph, initializer: [tensor] } }).finish();
    const { status, text } = await put('outside', bytes);
    expectRefused(status);
    expect(text).toContain('weights');
    expect(text).not.toContain('root:');
    expectClean();
  },
);

/** A field of a message: number 7 of ModelProto is the graph, 1 of GraphProto a node. */
function field(number: number, content: Uint8Array): Buffer {
  const length: number[] = [];
  for (let left = content.byteLength; ; left >>>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left);
    if (left <= 127) break;
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), content]);
}

function nested(depth: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(0);
  // graph { node { attribute { g { … } } } }
  for (let i = 0; i < depth; i++) bytes = field(1, field(5, field(6, bytes)));
  return field(7, bytes);
}

test.each<[string, () => Uint8Array]>([
  ['21 KB of groups', () => Buffer.alloc(21_000, 0x7b)],
  ['subgraphs 3,000 deep', () => nested(3000)],
  ['500,000 empty nodes', () => field(7, Buffer.alloc(1_000_000, Buffer.from([0x0a, 0])))],
  ['a length that lies', () => Buffer.from([0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1])],
  ['a varint of 11 bytes', () => Buffer.from([0x08, ...new Array(10).fill(0xff), 1])],
  ['a million initialisers', () => field(7, Buffer.alloc(2_000_000, Buffer.from([0x2a, 0])))],
  ['a cycle', () => writeOnnx({ ...small, nodes: [{ op: 'Add', inputs: ['x', 'y'], outputs: ['y'] }] })],
  ['one name twice', () => writeOnnx({ ...small, nodes: [0, 1].map(() => ({ op: 'Relu', inputs: ['x'], outputs: ['y'] })) })],
  ['negative extents', () => writeOnnx({ ...small, inputs: [{ name: 'x', dims: [1, -4] }] })],
  ['extents beyond counting', () => writeOnnx({ ...small, inputs: [{ name: 'x', dims: [2 ** 40, 2 ** 40] }] })],
  ['a loop', () => writeOnnx({ ...small, nodes: [{ op: 'Loop', inputs: ['x'], outputs: ['y'] }] })],
  ['nothing', () => new Uint8Array(0)],
  ['noise', () => Buffer.alloc(100_000, 'noise ')],
])('28 a model of %s is refused', async (_name, make) => {
  expectRefused((await put('wild', make())).status);
  expectClean();
});

const huge = tensorOf('i64', [1], [2 ** 40]);
const two = tensorOf('i64', [2], [2 ** 20, 2 ** 20]);
test.each<[string, ModelSketch]>([
  [
    'ConstantOfShape',
    { ...small, initializers: { n: huge }, nodes: [{ op: 'ConstantOfShape', inputs: ['n'], outputs: ['y'] }] },
  ],
  [
    'Expand',
    {
      ...small,
      initializers: { n: two, c: tensorOf('f32', [1], [1]) },
      nodes: [{ op: 'Expand', inputs: ['c', 'n'], outputs: ['y'] }],
    },
  ],
  [
    'Tile',
    {
      ...small,
      initializers: { n: two, c: tensorOf('f32', [1, 1], [1]) },
      nodes: [{ op: 'Tile', inputs: ['c', 'n'], outputs: ['y'] }],
    },
  ],
  [
    'Range',
    {
      ...small,
      initializers: { a: tensorOf('f32', [], [0]), b: tensorOf('f32', [], [2 ** 40]), c: tensorOf('f32', [], [1]) },
      nodes: [{ op: 'Range', inputs: ['a', 'b', 'c'], outputs: ['y'] }],
    },
  ],
])('29 a constant of 2^40 elements by %s is refused', async (_name, sketch) => {
  expectRefused((await put('bomb', writeOnnx(sketch))).status);
  expectClean();
});

const evil = 'x"; */ system("touch onbox-was-here"); /* \\ \n %n $(reboot) `id` <script>\u2028\u0007';

test('30, 31 text of a model reaches neither code nor the log, and its answers are JSON', async () => {
  const model: ModelSketch = {
    inputs: [{ name: evil, dims: [1, 4] }],
    outputs: ['out'],
    nodes: [{ op: 'Softmax', name: evil, inputs: [evil], outputs: ['out'] }],
    metadata: { names: `{0: '${evil.replaceAll("'", '')}', 1: 'b', 2: 'c', 3: 'd'}`, author: evil, task: 'classify' },
  };
  const { status } = await put('evil', writeOnnx(model));
  try {
    expect(isOneOf(status, [201, 400, 422])).toBe(true);
    if (status === 201) {
      const sources = filesOf(join(target().home, 'models', 'evil')).filter((path) => /\.[ch]$/.test(path));
      expect(sources.length).toBeGreaterThan(0);
      for (const path of sources) expect(readFileSync(path, 'utf8')).not.toContain('system(');
      expect((await target().ask('GET', '/v1/models/evil')).json.name).toBe('evil');
    }
    expect(target().log()).not.toContain('\u0007');
    expect(target().log()).not.toMatch(/^ ?%n/m);
    expect((await target().ask('GET', '/metrics')).text).not.toContain('system(');
  } finally {
    await target().ask('DELETE', '/v1/models/evil');
  }
});

test('32 a compile that is killed fails with a reason, and half of a model is never there', async () => {
  const answer = put('killed', readFileSync(join(__dirname, '..', '..', 'daemon', 'embedded', 'shapes-detector.onnx')));
  let child = 0;
  await until(() => {
    child = childrenOf(target().pid).find((pid) => commandOf(pid).includes('compile-child')) ?? 0;
    return child > 0;
  });
  process.kill(child, 'SIGKILL');
  const { status, text } = await answer;
  expect(status).toBe(500);
  expect(text).toContain('compile-crashed');
  expectClean();
});

test('33 one model put twenty times at once is compiled once, and a changed byte of its module is mended', async () => {
  const model = readFileSync(join(__dirname, '..', '..', 'daemon', 'embedded', 'shapes-detector.onnx'));
  const answers = await Promise.all(Array.from({ length: 4 }, () => put('twice', model)));
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  const folder = join(target().home, 'models', 'twice');
  expect(readdirSync(folder).sort()).toEqual(['1']);
  const weights = filesOf(join(folder, '1')).find((path) => path.includes('weights')) ?? '';
  const bytes = readFileSync(weights);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await target().ask('POST', '/v2/repository/models/twice/unload');
  writeFileSync(weights, bytes);
  await target().ask('POST', '/v2/repository/models/twice/load');
  const detected = await target().ask('POST', '/v1/detect?model=twice', readFileSync(samplePicture()), {
    'Content-Type': 'image/png',
  });
  expect(detected.status).toBe(200);
  expect(detected.json.version).toBe(2);
  expect((await target().ask('DELETE', '/v1/models/twice')).status).toBe(204);
});

test('33 more compiles than may wait are refused with 429', async () => {
  const statuses = await Promise.all(
    Array.from({ length: 40 }, (_, i) => put(`many-${i}`, Buffer.from(`no model ${i}`)).then(({ status }) => status)),
  );
  expect(statuses.filter((status) => !isOneOf(status, [400, 429]))).toEqual([]);
  expect(statuses).toContain(429);
  expectClean();
});

test.each(['sha256:../../x', 'sha256:abc', `sha256:${'A'.repeat(64)}`, `sha256:${'0'.repeat(64)}`])(
  '34 the blob %s is nowhere, and nothing of an upload stays',
  async (digest) => {
    const { status } = await target().ask('POST', `/api/blobs/${encodeURIComponent(digest)}`, 'x');
    expect(isOneOf(status, [400, 404])).toBe(true);
    expectClean();
  },
);

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
