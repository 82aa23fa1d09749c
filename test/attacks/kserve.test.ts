// Cases 11 to 20: KServe requests that lie about themselves.

import { readdirSync } from 'node:fs';
import { attacked } from './support/attacked.js';
import { isOneOf } from './support/target.js';

const target = attacked();
const images = { name: 'images', datatype: 'FP32', shape: [1, 3, 224, 224] };
const elements = 3 * 224 * 224;

/** A binary request: the JSON, then `blob`; `length` is what the header says of the JSON. */
async function inferBinary(json: object, blob: Uint8Array, length?: string): Promise<{ status: number; text: string }> {
  const head = Buffer.from(JSON.stringify(json));
  const headers = { 'Inference-Header-Content-Length': length ?? String(head.byteLength) };
  return await target().ask('POST', '/v2/models/shapes/infer', Buffer.concat([head, blob]), headers);
}

async function inferText(text: string): Promise<{ status: number; text: string }> {
  return await target().ask('POST', '/v2/models/shapes/infer', text, { 'Content-Type': 'application/json' });
}

test.each(['-1', '99999999999', 'abc', '200', '1e1'])('11 a header length of %s is refused', async (length) => {
  const { status, text } = await inferBinary({ inputs: [] }, new Uint8Array(0), length);
  expect(status).toBe(400);
  expect(text).toContain('inference header size should be in range');
});

test.each([1, -4, 2 ** 53, elements * 4 + 4, elements * 4 - 4, 0.5])('12 a binary size of %d is refused', async (size) => {
  const inputs = [{ ...images, parameters: { binary_data_size: size } }];
  expect((await inferBinary({ inputs }, new Uint8Array(elements * 4))).status).toBe(400);
});

test.each([
  [[16, 2 ** 60 + 2]],
  [[2, -5]],
  [[0]],
  [new Array(1000).fill(1)],
  [[1, 3, 224.5, 224]],
  [[2 ** 32, 2 ** 32]],
  [[1, 3, 224, 223]],
  ['1,3,224,224'],
  [[]],
  [null],
])('13 the shape %j is refused', async (shape) => {
  const inputs = [{ ...images, shape, parameters: { binary_data_size: elements * 4 } }];
  expect((await inferBinary({ inputs }, new Uint8Array(elements * 4))).status).toBe(400);
  expect((await inferText(JSON.stringify({ inputs: [{ ...images, shape, data: [1, 2] }] }))).status).toBe(400);
});

test.each([
  ['nested 120 deep', `${'['.repeat(120)}${']'.repeat(120)}`],
  ['nested 250,000 deep', `${'['.repeat(250_000)}${']'.repeat(250_000)}`],
  ['__proto__', '{"__proto__":{"polluted":1},"inputs":[]}'],
  ['a constructor', '{"constructor":{"prototype":{"polluted":1}},"inputs":[]}'],
  ['1e400', '{"inputs":[{"name":"images","datatype":"FP32","shape":[1],"data":[1e400]}]}'],
  ['inputs twice', '{"inputs":[{"name":"images","datatype":"FP32","shape":[1],"data":[1]}],"inputs":[]}'],
  [
    '10 million numbers',
    `{"inputs":[{"name":"images","datatype":"FP32","shape":[1,3,224,224],"data":[${'1,'.repeat(1e7)}1]}]}`,
  ],
  ['lone surrogates', '{"inputs":[{"name":"\\ud800","datatype":"FP32","shape":[1],"data":[1]}]}'],
])('14 JSON with %s is refused and touches no prototype', async (_name, text) => {
  expect((await inferText(text)).status).toBe(400);
  expect((await target().ask('GET', '/v1/health')).json.polluted).toBeUndefined();
});

test.each([
  ['past the buffer', [9, 0, 0, 0, 1]],
  ['zero', [0, 0, 0, 0]],
  ['of 2^32-1', [255, 255, 255, 255, 1]],
  ['cut', [1, 0]],
])('15 a BYTES element whose length is %s is refused', async (_name, bytes) => {
  const inputs = [{ name: 'images', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: bytes.length } }];
  expect((await inferBinary({ inputs }, Uint8Array.from(bytes))).status).toBe(400);
});

test('16 unknown and duplicate tensors, wrong datatypes and absurd classifications are refused', async () => {
  const good = { ...images, data: new Array(elements).fill(0) };
  const bad = [
    { inputs: [good, good] },
    { inputs: [{ ...good, name: 'absent' }] },
    { inputs: [{ ...good, datatype: 'INT32' }] },
    { inputs: [good], outputs: [{ name: 'absent' }] },
    { inputs: [] },
    ...[0, -1, 0.5, '3'].map((classification) => ({
      inputs: [good],
      outputs: [{ name: 'output', parameters: { classification } }],
    })),
  ];
  for (const [i, request] of bad.entries()) expect([i, (await inferText(JSON.stringify(request))).status]).toEqual([i, 400]);
});

test.each([
  ['file:../../x', { config: '{}', 'file:../../x': 'eA==' }],
  ['file:1/../../x', { config: '{}', 'file:1/../../x': 'eA==' }],
  ['a config that is no JSON', { config: '{' }],
  ['bad base64', { config: '{}', 'file:1/model.onnx': '!!!' }],
  ['a file without a config', { 'file:1/model.onnx': 'eA==' }],
  ['no model', { config: '{}', 'file:1/model.onnx': 'eA==' }],
])('17 a load with %s fails, and says so', async (_name, parameters) => {
  const before = readdirSync(target().home).sort();
  const { status, text } = await target().ask('POST', '/v2/repository/models/fresh/load', JSON.stringify({ parameters }));
  expect([status, isOneOf(status, [400, 404, 413, 422])]).toEqual([status, true]);
  expect(text).toContain('failed to load');
  expect(readdirSync(target().home).sort()).toEqual(before);
  expect(readdirSync(`${target().home}/models`)).not.toContain('fresh');
});

test('18 loads and unloads race with 100 inferences: each is answered, or refused as unloaded', async () => {
  const ask = (path: string, body?: string) =>
    target()
      .ask('POST', `/v2/${path}`, body)
      .then(({ status }) => status);
  const request = JSON.stringify({ inputs: [{ name: 'images', datatype: 'FP32', shape: [1, 3, 96, 96], data: [1] }] });
  const statuses = await Promise.all(
    Array.from({ length: 200 }, (_, i) => {
      if (i % 2 === 0) return ask('models/shapes-classify/infer', request);
      return ask(`repository/models/shapes-classify/${i % 4 === 1 ? 'load' : 'unload'}`);
    }),
  );
  expect(statuses.filter((status) => !isOneOf(status, [200, 400, 404, 503]))).toEqual([]);
  expect(await ask('repository/models/shapes-classify/load')).toBe(200);
});

test.each(['sequence_id', 'sequence_start', 'headers', 'triton_x'])('19 the reserved parameter %s is refused', async (name) => {
  const request = { parameters: { [name]: 1 }, inputs: [{ ...images, data: new Array(elements).fill(0) }] };
  expect((await inferText(JSON.stringify(request))).status).toBe(400);
});

test('20 an id of 1 MB is refused, and none reaches a header or the log', async () => {
  const inputs = [{ ...images, data: new Array(elements).fill(0) }];
  expect((await inferText(JSON.stringify({ id: 'x'.repeat(1e6), inputs }))).status).toBe(400);
  const evil = 'a\r\nX-Evil: 1\r\n\r\n2026-01-01 evil-line';
  const answer = await target().ask('POST', '/v2/models/shapes/infer', JSON.stringify({ id: evil, inputs }));
  expect(answer.headers['x-evil']).toBeUndefined();
  await target().ask('GET', `/v2/models/${encodeURIComponent(evil)}`);
  expect(target().log()).not.toMatch(/^2026-01-01 evil-line/m);
});
