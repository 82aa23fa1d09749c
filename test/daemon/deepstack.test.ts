// DeepStack and CodeProject.AI: what their clients send is understood, what they insist on is answered.

import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import {
  formOf,
  startTestServer,
  type TestAnswer,
  type TestServer,
  temporaryFolder,
  until,
  writeKey,
} from './support/server.js';

const multipart = { 'Content-Type': 'multipart/form-data; boundary=XX' };
const imagePart = ['Content-Disposition: form-data; name="image"; filename="image"', 'box'] as const;
const field = (name: string, text: string) => [`Content-Disposition: form-data; name="${name}"`, text] as const;
const key = 'k'.repeat(32);

let server: TestServer;
let locked: TestServer;
let empty: TestServer;
let folder: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  server = await startTestServer();
  locked = await startTestServer({ keyFile: await writeKey(folder, key) });
  empty = await startTestServer();
  await server.ask('PUT', '/v1/models/finder', 'good detect');
  await server.ask('PUT', '/v1/models/namer', 'good classify');
  await locked.ask('PUT', '/v1/models/finder', 'good detect', { Authorization: `Bearer ${key}` });
  await until(() => server.engine.state.ready && locked.engine.state.ready);
});

afterAll(async () => {
  for (const running of [server, locked, empty]) await running.stop();
  await rm(folder, { recursive: true });
});

/** Posts a form of the given parts, by default of a picture alone. */
async function post(path: string, parts: Parameters<typeof formOf>[1] = [imagePart], to = server): Promise<TestAnswer> {
  return await to.ask('POST', path, formOf('XX', parts), multipart);
}

test('detection answers with the fields of DeepStack and those of CodeProject.AI', async () => {
  const answer = await post('/v1/vision/detection');
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({
    success: true,
    predictions: [{ confidence: 0.9, label: expect.any(String), x_min: 1, y_min: 2, x_max: 3, y_max: 4 }],
    count: 1,
    message: expect.stringMatching(/^Found /),
    duration: 0,
    inferenceMs: 2,
    processMs: expect.any(Number),
    analysisRoundTripMs: expect.any(Number),
    code: 200,
    command: 'detect',
    moduleId: 'onbox',
    moduleName: 'onbox',
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    inferenceDevice: 'CPU',
    timestampUTC: expect.stringMatching(/ GMT$/),
  });
});

test('scene answers with the best class of the default classifier', async () => {
  expect((await post('/v1/vision/scene')).json).toMatchObject({ success: true, label: expect.any(String), confidence: 1 });
});

test('a custom model is found by its name in any case, and by what cameras call it', async () => {
  for (const name of ['finder', 'Finder', 'general', 'ipcam-general']) {
    const answer = await post(`/v1/vision/custom/${name}`);
    expect([answer.status, answer.json.command]).toEqual([200, 'custom']);
  }
});

test('python-requests: an empty key before a picture without a type, and text behind it', async () => {
  const answer = await post('/v1/vision/detection', [field('api_key', ''), imagePart, field('min_confidence', '0.1')]);
  expect(answer.status).toBe(200);
});

test('node clients: a form that comes in chunks', async () => {
  const answer = await server.ask('POST', '/v1/vision/detection', formOf('XX', [imagePart]), {
    ...multipart,
    'Transfer-Encoding': 'chunked',
  });
  expect(answer.status).toBe(200);
});

test.each(['0', '1', '1.0', '.5', '0.45', '1e-05', '4E-1', ''])('min_confidence %j is understood', async (text) => {
  expect((await post('/v1/vision/detection', [imagePart, field('min_confidence', text)])).status).toBe(200);
});

test.each([
  ['no picture', '/v1/vision/detection', [field('api_key', '')], 400, 'No valid image file found'],
  ['an empty picture', '/v1/vision/detection', [[imagePart[0], '']], 400, 'No valid image file found'],
  ['two pictures', '/v1/vision/detection', [imagePart, imagePart], 400, 'No valid image file found'],
  [
    'a threshold of words',
    '/v1/vision/detection',
    [imagePart, field('min_confidence', 'high')],
    400,
    'Invalid value for min_confidence',
  ],
  [
    'a negative threshold',
    '/v1/vision/detection',
    [imagePart, field('min_confidence', '-1')],
    400,
    'Invalid value for min_confidence',
  ],
  [
    'no number',
    '/v1/vision/custom/finder',
    [imagePart, field('min_confidence', 'nan')],
    400,
    'Invalid value for min_confidence',
  ],
  [
    'a threshold above 1',
    '/v1/vision/detection',
    [imagePart, field('min_confidence', '40')],
    400,
    'min_confidence cannot be greater than 1',
  ],
  ['an absent model', '/v1/vision/custom/absent', [imagePart], 404, 'Custom model not found'],
  ['a classifier for a detector', '/v1/vision/custom/namer', [imagePart], 404, 'Custom model not found'],
  ['a name that is a path', '/v1/vision/custom/..%2f..%2fkey', [imagePart], 404, 'Custom model not found'],
  ['faces', '/v1/vision/face/recognize', [imagePart], 403, 'Face endpoints not activated'],
  ['an unknown path', '/v1/vision/other', [imagePart], 404, 'there is nothing at this path'],
] as const)('%s: refused in the words of DeepStack', async (_name, path, parts, status, error) => {
  const answer = await post(path, parts as Parameters<typeof formOf>[1]);
  expect([answer.status, answer.json]).toEqual([status, { success: false, error, duration: 0, code: status }]);
});

test('what is no form and what is no picture are told apart', async () => {
  const plain = await server.ask('POST', '/v1/vision/detection', 'box', { 'Content-Type': 'image/jpeg' });
  expect([plain.status, plain.json.error]).toEqual([400, 'No valid image file found']);
  const none = await server.ask('POST', '/v1/vision/detection');
  expect([none.status, none.json.error]).toEqual([400, 'No valid image file found']);
  const get = await server.ask('GET', '/v1/vision/detection');
  expect([get.status, get.headers['allow'], get.json.success]).toEqual([405, 'POST', false]);
});

test('without a model of the task the endpoint is off', async () => {
  const detection = await post('/v1/vision/detection', undefined, empty);
  expect([detection.status, detection.json.error]).toEqual([403, 'Detection endpoint not activated']);
  const scene = await post('/v1/vision/scene', undefined, empty);
  expect([scene.status, scene.json.error]).toEqual([403, 'Scene endpoint not activated']);
});

test('custom models are listed by GET and POST, with a form, urlencoded and without a body', async () => {
  const answers = [
    await server.ask('GET', '/v1/vision/custom/list'),
    await server.ask('POST', '/v1/vision/custom/list'),
    await server.ask('POST', '/v1/vision/custom/list', 'api_key=', { 'Content-Type': 'application/x-www-form-urlencoded' }),
    await post('/v1/vision/custom/list', [field('api_key', '')]),
  ];
  for (const answer of answers)
    expect([answer.status, answer.json.success, answer.json.models]).toEqual([200, true, ['finder']]);
});

test('listmodels tells age and size in megabytes', async () => {
  expect((await post('/v1/vision/listmodels', [field('admin_key', '')])).json).toEqual({
    success: true,
    models: [{ name: 'finder', dateupdated: expect.stringMatching(/^2.+Z$/), modelsize: 11 / 1_000_000 }],
  });
});

test('pings and version answer in the form of CodeProject.AI', async () => {
  for (const path of ['/v1/status/ping', '/v1/server/status/ping']) {
    const { status, json } = await server.ask('GET', path);
    expect([status, json]).toEqual([
      200,
      {
        success: true,
        message: expect.stringMatching(/^[0-9]+\./),
        version: expect.objectContaining({ major: expect.any(Number), minor: expect.any(Number), patch: expect.any(Number) }),
        code: 200,
        hostname: expect.any(String),
      },
    ]);
  }
  expect((await server.ask('GET', '/v1/status/version')).json.version).toBeDefined();
});

test('a key is taken from the form before or after the picture, and from the header', async () => {
  const before = await post('/v1/vision/detection', [field('api_key', key), imagePart], locked);
  const after = await post('/v1/vision/detection', [imagePart, field('api_key', key)], locked);
  const header = { ...multipart, Authorization: `Bearer ${key}` };
  const bearer = await locked.ask('POST', '/v1/vision/detection', formOf('XX', [imagePart]), header);
  const list = await post('/v1/vision/custom/list', [field('api_key', key)], locked);
  const admin = await post('/v1/vision/listmodels', [field('admin_key', key)], locked);
  expect([before, after, bearer, list, admin].map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
});

test.each([
  ['/v1/vision/detection', []],
  ['/v1/vision/detection', [field('api_key', '')]],
  ['/v1/vision/detection', [field('api_key', key.slice(1))]],
  ['/v1/vision/detection', [field('admin_key', key)]],
  ['/v1/vision/custom/finder', []],
  ['/v1/vision/custom/list', []],
  ['/v1/vision/scene', []],
])('%s with %j is refused: the api key is wrong', async (path, parts) => {
  // The picture would end the engine; nothing of it is decoded.
  const answer = await post(path, [[imagePart[0], 'crash'], ...parts], locked);
  expect([answer.status, answer.json.error]).toEqual([401, 'Incorrect api key']);
});

test('the admin key has words of its own', async () => {
  const answer = await post('/v1/vision/listmodels', [field('admin_key', 'wrong')], locked);
  expect([answer.status, answer.json.error]).toEqual([401, 'Incorrect admin key']);
});

test.each([
  '/v1/vision/detection/',
  '/v1/vision/custom/a/b',
  '/v1/vision/%64etection',
  '/v1/Vision/detection',
  '/v1/detect',
  '/v1/vision/face',
])('the form opens no other path: %s wants the header', async (path) => {
  expect((await post(path, [imagePart, field('api_key', key)], locked)).status).toBe(401);
});

test('a GET wants the key in the header, a ping wants none', async () => {
  expect((await locked.ask('GET', '/v1/vision/custom/list')).status).toBe(401);
  expect((await locked.ask('GET', '/v1/status/version')).status).toBe(401);
  expect((await locked.ask('GET', '/v1/status/ping')).status).toBe(200);
});

test('strangers who send large bodies without a key take no memory from clients that have one', async () => {
  const holding = Array.from({ length: 3 }, () => {
    const socket = connect(locked.port, '127.0.0.1').on('error', () => undefined);
    const head = 'POST /v1/vision/detection HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=XX\r\n';
    socket.write(`${head}Content-Length: 33000000\r\n\r\n`);
    socket.write(Buffer.alloc(32_000_000));
    return socket;
  });
  const refused = new Promise<string>((resolve) => {
    for (const socket of holding) socket.once('data', (piece) => resolve(piece.toString()));
  });
  expect(await refused).toMatch(/^HTTP\/1.1 503 [\s\S]*"success":false/);
  const header = { 'Content-Type': 'image/png', Authorization: `Bearer ${key}` };
  expect((await locked.ask('POST', '/v1/detect', 'box'.padEnd(1_000_000), header)).status).toBe(200);
  for (const socket of holding) socket.destroy();
});
