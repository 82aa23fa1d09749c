// KServe over HTTP with a pretended model f32[1,3,8,8] -> f32[1,4] that answers with its first four values.

import { rm } from 'node:fs/promises';
import { encodeInfer, infer, post } from './support/kserve-client.js';
import { startTestServer, type TestServer, temporaryFolder, until, writeKey } from './support/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.ask('PUT', '/v1/models/finder', 'good detect');
  await until(() => server.engine.state.ready);
});

afterAll(() => server.stop());

const values = Array.from({ length: 192 }, (_, index) => index / 4);
const floats = (numbers: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(numbers).buffer);
const images = { name: 'images', shape: [1, 3, 8, 8], datatype: 'FP32' };
const json = { ...images, data: values };
const binary = { ...images, bytes: floats(values) };
const first = [0, 0.25, 0.5, 0.75];

test('live and ready answer 200 without a body', async () => {
  for (const path of ['/v2/health/live', '/v2/health/ready', '/v2/models/finder/ready', '/v2/models/finder/versions/1/ready']) {
    const answer = await server.ask('GET', path);
    expect([answer.status, answer.text]).toEqual([200, '']);
  }
});

test('a server whose engine has not started lives and is not ready', async () => {
  const starting = await startTestServer({
    engineChild: { script: __filename, args: [], nodeFlags: ['-e', 'setTimeout(() => {}, 9e5)'] },
  });
  expect((await starting.ask('GET', '/v2/health/live')).status).toBe(200);
  const ready = await starting.ask('GET', '/v2/health/ready');
  expect([ready.status, ready.json]).toEqual([503, { error: 'the engine is starting' }]);
  await starting.stop();
});

test('off loopback every route but health wants the key, and says so in the form of KServe', async () => {
  const folder = await temporaryFolder();
  const locked = await startTestServer({ keyFile: await writeKey(folder, 'k'.repeat(32)) });
  for (const path of [
    '/v2',
    '/v2/models/stats',
    '/v2/models/finder',
    '/v2/models/finder/ready',
    '/v2/other',
    '/v2/health/live/',
  ]) {
    const answer = await locked.ask('GET', path);
    expect([path, answer.status, typeof answer.json.error]).toEqual([path, 401, 'string']);
  }
  for (const path of ['/v2/models/finder/infer', '/v2/repository/index', '/v2/repository/models/finder/load']) {
    expect((await post(locked.port, path)).status).toBe(401);
  }
  expect((await locked.ask('GET', '/v2/health/live')).status).toBe(200);
  await locked.stop();
  await rm(folder, { recursive: true });
});

test('the server names itself and what works', async () => {
  expect((await server.ask('GET', '/v2')).json).toEqual({
    name: 'onbox',
    version: expect.stringMatching(/^[0-9]/),
    extensions: expect.arrayContaining(['binary_tensor_data', 'classification', 'statistics', 'model_repository']),
  });
});

test('metadata shows the real static shapes', async () => {
  const wanted = {
    name: 'finder',
    versions: ['1'],
    platform: 'onnx_onnxv1',
    inputs: [{ name: 'images', datatype: 'FP32', shape: [1, 3, 8, 8] }],
    outputs: [{ name: 'out', datatype: 'FP32', shape: [1, 4] }],
  };
  expect((await server.ask('GET', '/v2/models/finder')).json).toEqual(wanted);
  expect((await server.ask('GET', '/v2/models/finder/versions/1')).json).toEqual(wanted);
});

test('the configuration has the batch as a number, dims without it, and the format of pictures', async () => {
  expect((await server.ask('GET', '/v2/models/finder/config')).json).toEqual({
    name: 'finder',
    platform: 'onnx_onnxv1',
    backend: 'onbox',
    max_batch_size: 1,
    version_policy: { latest: { num_versions: 1 } },
    input: [{ name: 'images', data_type: 'TYPE_FP32', dims: [3, 8, 8], format: 'FORMAT_NCHW' }],
    output: [{ name: 'out', data_type: 'TYPE_FP32', dims: [4], label_filename: 'labels.txt' }],
  });
});

test('the client of these tests sends the bytes that the Python client sends', () => {
  const int32 = (name: string) => ({ name, shape: [1, 16], datatype: 'INT32', bytes: new Uint8Array(64) });
  const { body, headBytes } = encodeInfer([int32('INPUT0'), int32('INPUT1')], {
    id: '42',
    outputs: [
      { name: 'OUTPUT0', parameters: { binary_data: true } },
      { name: 'OUTPUT1', parameters: { binary_data: false } },
    ],
  });
  expect([headBytes, body.byteLength]).toEqual([319, 447]);
});

test.each([
  ['flat', values],
  [
    'nested',
    [
      Array.from({ length: 3 }, (_, c) =>
        Array.from({ length: 8 }, (_, y) => values.slice(c * 64 + y * 8, c * 64 + y * 8 + 8)),
      ),
    ],
  ],
])('JSON data may be %s; the id is echoed', async (_name, data) => {
  const answer = await infer(server.port, 'finder', [{ ...images, data }], { id: 'a\r\nb' });
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('application/json');
  expect(answer.headers['inference-header-content-length']).toBeUndefined();
  expect(answer.json).toEqual({
    model_name: 'finder',
    model_version: '1',
    id: 'a\r\nb',
    outputs: [{ name: 'out', datatype: 'FP32', shape: [1, 4], data: first }],
  });
});

test('without an id none is echoed, and the version may stand in the path', async () => {
  const { body } = encodeInfer([json], {});
  const answer = await post(server.port, '/v2/models/finder/versions/1/infer', body);
  expect([answer.status, 'id' in answer.json]).toEqual([200, false]);
});

test.each([
  ['all outputs by the request', { parameters: { binary_data_output: true } }],
  ['one output by itself', { outputs: [{ name: 'out', parameters: { binary_data: true } }] }],
])('binary data goes in and comes out: %s', async (_name, options) => {
  const answer = await infer(server.port, 'finder', [binary], options);
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/octet-stream']);
  expect(answer.json.outputs).toEqual([{ name: 'out', datatype: 'FP32', shape: [1, 4], parameters: { binary_data_size: 16 } }]);
  expect([...(answer.blobs.get('out') ?? [])]).toEqual([...floats(first)]);
});

test('an output that wants JSON gets it though the request wants binary data', async () => {
  const answer = await infer(server.port, 'finder', [binary], {
    parameters: { binary_data_output: true },
    outputs: [{ name: 'out', parameters: { binary_data: false } }],
  });
  expect([answer.headers['content-type'], answer.json.outputs[0].data]).toEqual(['application/json', first]);
});

test.each([
  ['gzip', 'gzip'],
  ['deflate', 'deflate'],
  [undefined, 'gzip'],
  ['gzip', undefined],
] as const)('a request in %s is answered in %s, lengths count inflated bytes', async (encoding, accept) => {
  const answer = await infer(server.port, 'finder', [binary], {
    parameters: { binary_data_output: true },
    ...(encoding === undefined ? {} : { encoding }),
    ...(accept === undefined ? {} : { accept }),
  });
  expect([answer.status, answer.headers['content-encoding']]).toEqual([200, accept]);
  expect([...(answer.blobs.get('out') ?? [])]).toEqual([...floats(first)]);
});

test('a raw request is the one input, and its outputs are binary', async () => {
  const answer = await post(server.port, '/v2/models/finder/infer', floats(values), { 'Inference-Header-Content-Length': '0' });
  expect(answer.status).toBe(200);
  expect([...(answer.blobs.get('out') ?? [])]).toEqual([...floats(first)]);
});

/** An element of a BYTES tensor. */
function element(file: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(file.length);
  return Buffer.concat([length, Buffer.from(file)]);
}

test('an encoded picture in a BYTES tensor is decoded here, with and without its size', async () => {
  const bytes = element('box!');
  const input = { name: 'images', shape: [1], datatype: 'BYTES', bytes };
  const sized = await infer(server.port, 'finder', [input]);
  expect(sized.json.outputs[0].data).toEqual([...Buffer.from('box!')]);
  const head = Buffer.from('{"inputs":[{"name":"images","shape":[1],"datatype":"BYTES"}]}');
  const unsized = await post(server.port, '/v2/models/finder/infer', Buffer.concat([head, bytes]), {
    'Inference-Header-Content-Length': String(head.length),
  });
  expect(unsized.json.outputs[0].data).toEqual([...Buffer.from('box!')]);
});

test('classification answers with the highest values and their places, capped at the classes', async () => {
  const asked = (classification: number, binary_data = false) =>
    infer(server.port, 'finder', [json], { outputs: [{ name: 'out', parameters: { classification, binary_data } }] });
  expect((await asked(2)).json.outputs).toEqual([
    { name: 'out', datatype: 'BYTES', shape: [1, 2], data: ['0.750000:3', '0.500000:2'] },
  ]);
  expect((await asked(1000)).json.outputs[0].shape).toEqual([1, 4]);
  expect((await asked(1, true)).blobs.get('out')).toEqual(element('0.750000:3'));
});

test('values that JSON cannot carry are refused as JSON, never null, and come as binary data', async () => {
  const input = { ...images, bytes: floats([Number.NaN, Number.POSITIVE_INFINITY, ...values.slice(2)]) };
  const asJson = await infer(server.port, 'finder', [input]);
  expect([asJson.status, asJson.json]).toEqual([
    400,
    { error: "output 'out' holds NaN or infinity, which JSON cannot carry: ask for binary data" },
  ]);
  const asBinary = await infer(server.port, 'finder', [input], { parameters: { binary_data_output: true } });
  expect([...(asBinary.blobs.get('out') ?? [])]).toEqual([...floats([Number.NaN, Number.POSITIVE_INFINITY, 0.5, 0.75])]);
});

test('a timeout that is long enough changes nothing; one that runs out in the queue is told in words of Triton', async () => {
  const patient = await infer(server.port, 'finder', [json], { parameters: { timeout: 60_000_000, priority: 1 } });
  expect(patient.status).toBe(200);
  const blockers = Array.from({ length: 12 }, () =>
    server.ask('POST', '/v1/detect?model=finder', 'sleep 150', { 'Content-Type': 'image/png' }),
  );
  await until(() => server.engine.state.queued >= 2);
  const hasty = await infer(server.port, 'finder', [json], { parameters: { timeout: 1000 } });
  expect([hasty.status, hasty.json]).toEqual([503, { error: 'Request timeout expired' }]);
  await Promise.all(blockers);
});

test('statistics count requests of every protocol in nanoseconds', async () => {
  const { model_stats: before } = (await server.ask('GET', '/v2/models/finder/stats')).json;
  expect(before).toHaveLength(1);
  await server.ask('POST', '/v1/detect', 'box', { 'Content-Type': 'image/png' });
  await infer(server.port, 'finder', [json]);
  const { model_stats: all } = (await server.ask('GET', '/v2/models/stats')).json;
  const after = all.find(({ name }: { name: string }) => name === 'finder');
  expect(after.inference_stats.success.count - before[0].inference_stats.success.count).toBe(2);
  expect(after).toMatchObject({ version: '1', inference_count: expect.any(Number), response_stats: {}, memory_usage: [] });
  expect(Date.now() - after.last_inference).toBeLessThan(60_000);
  expect(after.inference_stats.compute_infer.ns).toBeGreaterThan(2e6);
  expect(after.batch_stats[0].batch_size).toBe(1);
});
