// The HTTP contract: what each route answers, and that whatever is wrong with a request is said with the right status as JSON.

import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ModelStore } from '../../daemon/store/store.js';
import { formOf, startTestServer, type TestServer, until } from './support/server.js';

const png = { 'Content-Type': 'image/png' };
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await until(() => server.engine.state.ready);
  expect((await server.ask('PUT', '/v1/models/finder', 'good detect')).status).toBe(201);
  expect((await server.ask('PUT', '/v1/models/namer', 'good classify')).status).toBe(201);
});

afterAll(() => server.stop());

test('detect answers with boxes in pixels of the picture, model, version and times', async () => {
  const answer = await server.ask('POST', '/v1/detect?model=finder', 'box', png);
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({
    model: 'finder',
    version: 1,
    image: { width: 640, height: 480 },
    objects: [{ label: expect.any(String), class: 0, confidence: 0.9, box: [1, 2, 3, 4] }],
    ms: { decode: expect.any(Number), queue: expect.any(Number), infer: 2, post: 3 },
  });
});

test('classify answers with classes, and without a model the one of the task is taken', async () => {
  const answer = await server.ask('POST', '/v1/classify?top=1', 'box', png);
  expect(answer.json).toMatchObject({ model: 'namer', version: 1, classes: [{ class: 0, confidence: 1 }] });
});

test('a picture may come as image/*, as octet-stream, without a type, in JSON and in a form', async () => {
  const json = JSON.stringify({ image: Buffer.from('box').toString('base64') });
  const form = formOf('XX', [
    ['Content-Disposition: form-data; name="image"; filename="../../x"\r\nContent-Type: text/plain', 'box'],
  ]);
  const answers = [
    await server.ask('POST', '/v1/detect', 'box', { 'Content-Type': 'IMAGE/JPEG; q=1' }),
    await server.ask('POST', '/v1/detect', 'box', { 'Content-Type': 'application/octet-stream' }),
    await server.ask('POST', '/v1/detect', 'box'),
    await server.ask('POST', '/v1/detect', json, { 'Content-Type': 'application/json' }),
    await server.ask('POST', '/v1/detect', form, { 'Content-Type': 'multipart/form-data; boundary=XX' }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
});

test.each([
  [
    'a part without a type, after an empty text part',
    [
      ['Content-Disposition: form-data; name="api_key"', ''],
      ['Content-Disposition: form-data; name="image"; filename="image"', 'box'],
    ],
  ],
  [
    'a part without a file name, before a text part',
    [
      ['Content-Disposition: form-data; name="image"', 'box'],
      ['Content-Disposition: form-data; name="min_confidence"', '0.4'],
    ],
  ],
] as const)('a form may have %s', async (_name, parts) => {
  const answer = await server.ask('POST', '/v1/detect', formOf('XX', parts), {
    'Content-Type': 'multipart/form-data; boundary=XX',
  });
  expect(answer.status).toBe(200);
});

const image = 'Content-Disposition: form-data; name="image"; filename="image"';
const manyParts = Array.from({ length: 40 }, (_, i) => [`Content-Disposition: form-data; name="f${i}"`, 'x'] as const);
test.each([
  [
    'no field "image"',
    formOf('XX', [['Content-Disposition: form-data; name="file"; filename="a"', 'box']]),
    400,
    'image-missing',
  ],
  ['an empty picture', formOf('XX', [[image, '']]), 400, 'image-missing'],
  [
    'two pictures',
    formOf('XX', [
      [image, 'box'],
      [image, 'box'],
    ]),
    400,
    'form-invalid',
  ],
  ['too many parts', formOf('XX', manyParts), 413, 'form-too-large'],
  ['no end', formOf('XX', [[image, 'box']]).slice(0, -8), 400, 'form-invalid'],
  ['no parts at all', 'nothing here', 400, 'form-invalid'],
])('a form with %s is refused', async (_name, body, status, code) => {
  const answer = await server.ask('POST', '/v1/detect', body, { 'Content-Type': 'multipart/form-data; boundary=XX' });
  expect([answer.status, answer.json.error.code]).toEqual([status, code]);
});

test('a form whose type names no boundary is refused', async () => {
  const answer = await server.ask('POST', '/v1/detect', 'x', { 'Content-Type': 'multipart/form-data' });
  expect([answer.status, answer.json.error.code]).toEqual([400, 'form-invalid']);
});

test.each([
  ['not JSON', '{', 'json-invalid'],
  ['another shape', '{"picture":"eA=="}', 'json-invalid'],
  ['a number for a picture', '{"image":1}', 'json-invalid'],
  ['deep nesting', '['.repeat(250_000), 'json-invalid'],
  ['a data: URL', '{"image":"data:image/png;base64,eA=="}', 'base64-invalid'],
  ['an address', '{"image":"http://169.254.169.254/"}', 'base64-invalid'],
  ['a picture of nothing', '{"image":""}', 'base64-invalid'],
])('JSON with %s is refused', async (_name, body, code) => {
  const answer = await server.ask('POST', '/v1/detect', body, { 'Content-Type': 'application/json' });
  expect([answer.status, answer.json.error.code]).toEqual([400, code]);
});

test.each([
  ['POST', '/v1/detect?min_confidence=2', 400, 'query-invalid'],
  ['POST', '/v1/detect?min_confidence=-1', 400, 'query-invalid'],
  ['POST', '/v1/detect?iou=NaN', 400, 'query-invalid'],
  ['POST', '/v1/detect?max=0', 400, 'query-invalid'],
  ['POST', '/v1/detect?max=1.5', 400, 'query-invalid'],
  ['POST', '/v1/detect?max=1e3', 400, 'query-invalid'],
  ['POST', '/v1/detect?max=1&max=2', 400, 'query-invalid'],
  ['POST', '/v1/detect?minconfidence=0.5', 400, 'query-invalid'],
  ['POST', '/v1/classify?top=0', 400, 'query-invalid'],
  ['POST', '/v1/detect?model=absent', 404, 'model-missing'],
  ['POST', '/v1/detect?model=', 400, 'name-invalid'],
  ['POST', '/v1/detect?model=__proto__', 400, 'name-invalid'],
  ['POST', '/v1/detect?model=namer', 400, 'task-mismatch'],
  ['GET', '/v1/models/absent', 404, 'model-missing'],
  ['GET', '/v1/models/%2e%2e%2fkey', 400, 'name-invalid'],
  ['GET', '/v1/models/%252e%252e%252fkey', 400, 'name-invalid'],
  ['GET', '/v1/models/a%00b', 400, 'name-invalid'],
  ['GET', `/v1/models/${'a'.repeat(256)}`, 400, 'name-invalid'],
  ['GET', '/v1/models/%c0%ae', 400, 'request-invalid'],
  ['GET', '/v1/models/%', 400, 'request-invalid'],
  ['PUT', '/v1/models/..%2f..%2fx', 400, 'name-invalid'],
  ['PUT', '/v1/models/stats', 400, 'name-invalid'],
  ['PUT', '/v1/models/Upper', 400, 'name-invalid'],
  ['PUT', '/v1/models/a?task=fly', 400, 'option-invalid'],
  ['PUT', '/v1/models/a?input=images', 400, 'option-invalid'],
  ['PUT', '/v1/models/a?input=images=0x3', 400, 'option-invalid'],
  ['DELETE', '/v1/models/absent', 404, 'model-missing'],
  ['DELETE', '/v1/models/%2e%2e', 400, 'name-invalid'],
  ['GET', '/', 404, 'route-unknown'],
  ['GET', '/v1//models', 404, 'route-unknown'],
  ['GET', '/v1/models/', 404, 'route-unknown'],
  ['GET', '/V1/models', 404, 'route-unknown'],
  ['GET', '/v1/detect', 405, 'method-refused'],
  ['OPTIONS', '/v1/detect', 405, 'method-refused'],
  ['DELETE', '/v1/models', 405, 'method-refused'],
  ['PATCH', '/v1/models/finder', 405, 'method-refused'],
  ['POST', '/v1/health', 405, 'method-refused'],
  ['TRACE', '/v1/classify', 405, 'method-refused'],
])('%s %s answers %i %s', async (method, path, status, code) => {
  const answer = await server.ask(method, path, method === 'POST' || method === 'PUT' ? 'box' : undefined, png);
  expect([answer.status, answer.json.error.code]).toEqual([status, code]);
  expect(Object.keys(answer.json)).toEqual(['error']);
  expect(answer.headers['access-control-allow-origin']).toBeUndefined();
});

test('a wrong method is told the right ones', async () => {
  expect((await server.ask('GET', '/v1/detect')).headers['allow']).toBe('POST');
});

test('what the runtime says of a picture reaches the client, and its bugs do not', async () => {
  const bad = await server.ask('POST', '/v1/detect', 'bad picture', png);
  expect([bad.status, bad.json.error]).toEqual([400, { code: 'picture-unsupported', message: 'this is no picture' }]);
  const bug = await server.ask('POST', '/v1/detect', 'bug', png);
  expect([bug.status, bug.json.error.code]).toEqual([500, 'internal']);
  expect(bug.text).not.toContain('secret');
});

test.each([
  ['no body', 'POST', '/v1/detect', '', png, 400, 'body-empty'],
  [
    'a form of addresses',
    'POST',
    '/v1/detect',
    'a=b',
    { 'Content-Type': 'application/x-www-form-urlencoded' },
    415,
    'type-unsupported',
  ],
  ['plain text', 'POST', '/v1/detect', 'box', { 'Content-Type': 'text/plain' }, 415, 'type-unsupported'],
  ['gzip', 'POST', '/v1/detect', 'box', { 'Content-Encoding': 'gzip', ...png }, 415, 'encoding-unsupported'],
  ['nested encodings', 'PUT', '/v1/models/x', 'box', { 'Content-Encoding': 'gzip, gzip' }, 415, 'encoding-unsupported'],
  ['an empty model', 'PUT', '/v1/models/x', '', {}, 400, 'body-empty'],
  ['a model over the limit', 'PUT', '/v1/models/x', 'x'.repeat(1024 * 1024 + 1), {}, 413, 'body-too-large'],
] as const)('%s is refused', async (_name, method, path, body, headers, status, code) => {
  const answer = await server.ask(method, path, body, headers);
  expect([answer.status, answer.json.error.code]).toEqual([status, code]);
});

test('a picture of 32 MiB is read and one byte more is not', async () => {
  const most = Buffer.alloc(32 * 1024 * 1024);
  most.write('box ');
  expect((await server.ask('POST', '/v1/detect', most, png)).status).toBe(200);
  const more = await server
    .ask('POST', '/v1/detect', most, { ...png, 'Content-Length': String(most.length + 1) })
    .catch(() => undefined);
  expect(more?.status).toBe(413);
});

test('a body that comes in 70,000 pieces is refused', async () => {
  const answer = await raw(
    `POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(70_000)}0\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  expect(answer).toContain('"body-pieces"');
});

test.each([
  ['10 GB that are only declared', 'POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000000\r\n\r\n', 413],
  ['two lengths', 'POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
  [
    'length and chunks',
    'POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['no host', 'GET /v1/health HTTP/1.1\r\n\r\n', 400],
  ['no HTTP', 'hello there\r\n\r\n', 400],
  ['a header of 100 KB', `GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
  ['2,000 headers', `GET /v1/health HTTP/1.1\r\nHost: localhost\r\n${'a:b\r\n'.repeat(2000)}\r\n`, 431],
])('%s: refused', async (_name, text, status) => {
  expect(Number(/^HTTP\/1.1 ([0-9]{3}) /.exec(await raw(text))?.[1])).toBe(status);
});

test.each([
  ['a foreign host', { Host: 'evil.example' }, 'host-refused'],
  ['a host with the right beginning', { Host: 'localhost.evil.example' }, 'host-refused'],
  ['a page of another origin', { Origin: 'http://evil.example' }, 'origin-refused'],
  ['a page without an origin', { Origin: 'null' }, 'origin-refused'],
])('%s is refused', async (_name, headers, code) => {
  const answer = await server.ask('PUT', '/v1/models/planted', 'good detect', headers as unknown as Record<string, string>);
  expect([answer.status, answer.json.error.code]).toEqual([403, code]);
  expect((await server.ask('GET', '/v1/models/planted')).status).toBe(404);
});

test('localhost, addresses and pages of the same origin are let in', async () => {
  for (const host of ['localhost:1', '127.0.0.1', '[::1]:8420', '192.168.0.7:80']) {
    const answer = await server.ask('GET', '/v1/health', undefined, { Host: host, Origin: `http://${host}` });
    expect(answer.status).toBe(200);
  }
});

test('health says what the daemon does', async () => {
  const answer = await server.ask('GET', '/v1/health');
  expect(answer.json).toMatchObject({ status: 'ok', engine: { ready: true, queued: 0 }, jobs: { running: 0, queued: 0 } });
});

test('models are listed with their tasks and defaults, and described with inputs, outputs and report', async () => {
  const { json } = await server.ask('GET', '/v1/models');
  const names = json.models.map((model: { name: string; task: string; default: boolean }) => [
    model.name,
    model.task,
    model.default,
  ]);
  expect(names).toEqual([
    ['finder', 'detect', true],
    ['namer', 'classify', true],
  ]);
  const detail = (await server.ask('GET', '/v1/models/finder')).json;
  expect(detail).toMatchObject({
    version: 1,
    labels: ['thing'],
    head: 'yolov8',
    device: 'cpu',
    report: { compileSeconds: 0.1 },
  });
  expect(detail.inputs).toEqual([{ name: 'images', dtype: 'f32', shape: [1, 3, 8, 8] }]);
});

test.each([
  ['invalid', 400, 'model-invalid'],
  ['unsupported', 422, 'unsupported-operators'],
  ['crash', 500, 'compile-crashed'],
  ['bug', 500, 'compile-failed'],
])('a model whose compile ends with "%s" answers %i and leaves nothing behind', async (verb, status, code) => {
  const answer = await server.ask('PUT', '/v1/models/broken', verb);
  expect([answer.status, answer.json.error.code]).toEqual([status, code]);
  expect((await server.ask('GET', '/v1/models/broken')).status).toBe(404);
  expect(await readdir(join(server.home, 'staging'))).toEqual([]);
});

test('a refused model names its operators and where they stand', async () => {
  const answer = await server.ask('PUT', '/v1/models/broken', 'unsupported');
  expect(answer.json.error.details).toEqual({ operators: [{ op: 'Loop', domain: '', nodes: ['loop_1'] }] });
});

test('a put replaces a model by its next version, a delete removes it', async () => {
  expect((await server.ask('PUT', '/v1/models/brief', 'good embed 1')).json.version).toBe(1);
  expect((await server.ask('PUT', '/v1/models/brief?task=other', 'good embed 2')).json).toMatchObject({
    version: 2,
    task: 'other',
  });
  expect((await server.ask('DELETE', '/v1/models/brief')).status).toBe(204);
  expect((await server.ask('GET', '/v1/models/brief')).status).toBe(404);
});

test('a name that was removed, here or by another process, answers for its new model, though both are version 1', async () => {
  const remove = [
    () => server.ask('DELETE', '/v1/models/reborn'),
    () => new ModelStore(server.home).remove('reborn'),
    () => server.ask('DELETE', '/v1/models/reborn'),
  ];
  for (const [turn, removeReborn] of remove.entries()) {
    // The child's label is the digest of what was installed.
    const model = `good detect ${turn}`;
    expect((await server.ask('PUT', '/v1/models/reborn', model)).json.version).toBe(1);
    const { json } = await server.ask('POST', '/v1/detect?model=reborn', 'box', png);
    expect([json.version, json.objects[0].label]).toEqual([1, createHash('md5').update(model).digest('hex')]);
    await removeReborn();
  }
});

test('two puts of the same model share one compile', async () => {
  const put = () => server.ask('PUT', '/v1/models/shared', 'sleep 300');
  const answers = await Promise.all([put(), put(), put()]);
  expect(answers.map(({ json }) => json.version)).toEqual([1, 1, 1]);
  await server.ask('DELETE', '/v1/models/shared');
});

test('a client that goes away during its upload or its compile leaves the store whole', async () => {
  const cut = connect(server.port, '127.0.0.1');
  cut.write('PUT /v1/models/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsleep');
  await new Promise((resolve) => setTimeout(resolve, 100));
  cut.destroy();
  await until(async () => (await readdir(join(server.home, 'staging'))).length === 0);
  expect((await server.ask('GET', '/v1/models/half')).status).toBe(404);

  const gone = connect(server.port, '127.0.0.1');
  gone.write('PUT /v1/models/late HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nsleep 200');
  await new Promise((resolve) => setTimeout(resolve, 200));
  gone.destroy();
  await until(async () => (await server.ask('GET', '/v1/models/late')).status === 200);
  await server.ask('DELETE', '/v1/models/late');
});

test('a module that does not open is compiled again from the stored ONNX, and the request is answered', async () => {
  const mark = join(server.home, 'mark');
  await server.ask('PUT', '/v1/models/mended', `damaged-first detect ${mark}`);
  const answer = await server.ask('POST', '/v1/detect?model=mended', 'box', png);
  expect([answer.status, answer.json.version]).toEqual([200, 2]);
  await server.ask('DELETE', '/v1/models/mended');
});

/** Sends bytes as they are and reads until the server closes or, once it has begun to answer, has been quiet. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1');
    let answer = '';
    const done = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (piece) => {
      socket.setTimeout(1500, done);
      answer += piece.toString('utf8');
    });
    socket.on('close', done).on('error', done);
    socket.write(text);
  });
}
