// Index, load and unload: what clients insist on, what hostile ones try, and what happens to inferences meanwhile.

import { readdir, rm, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { infer, type KserveAnswer, post } from './support/kserve-client.js';
import { startTestServer, type TestServer, temporaryFolder, until } from './support/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.ask('PUT', '/v1/models/finder', 'good detect');
  await server.ask('PUT', '/v1/models/namer', 'good classify');
  await until(() => server.engine.state.ready);
});

afterAll(() => server.stop());

const data = new Array<number>(192).fill(1);
const ask = (model = 'finder') => infer(server.port, model, [{ name: 'images', shape: [1, 3, 8, 8], datatype: 'FP32', data }]);
const load = (model: string, body?: unknown): Promise<KserveAnswer> =>
  post(
    server.port,
    `/v2/repository/models/${model}/load`,
    typeof body === 'string' || body === undefined ? body : JSON.stringify(body),
  );
const unload = (model: string, body?: string) => post(server.port, `/v2/repository/models/${model}/unload`, body);
const index = async (body?: string) => (await post(server.port, '/v2/repository/index', body)).json;
const base64 = (text: string) => Buffer.from(text).toString('base64');
const ready = (name: string) => ({ name, version: '1', state: 'READY' });

test('the index lists models, without a body and with one', async () => {
  expect(await index()).toEqual([ready('finder'), ready('namer')]);
  expect(await index('{"ready":true}')).toEqual([ready('finder'), ready('namer')]);
  expect(await index('{"ready":1}')).toEqual({ error: "Invalid value for 'ready': expected a boolean" });
});

test('an unloaded model is listed as such, is not ready and refuses, until it is loaded', async () => {
  expect((await unload('finder', '{"parameters":{"unload_dependents":false}}')).status).toBe(200);
  expect(await index()).toEqual([{ name: 'finder', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' }, ready('namer')]);
  expect(await index('{"ready":true}')).toEqual([ready('namer')]);
  const isReady = await server.ask('GET', '/v2/models/finder/ready');
  expect([isReady.status, isReady.json]).toEqual([400, { error: 'Model version not ready' }]);
  const refused = await ask();
  expect([refused.status, refused.json]).toEqual([
    404,
    { error: "Request for unknown model: 'finder' has no available versions" },
  ]);
  expect((await unload('finder')).status).toBe(404);

  const loaded = await load('finder', '{}');
  expect([loaded.status, loaded.bytes.byteLength]).toEqual([200, 0]);
  expect((await server.ask('GET', '/v2/models/finder/ready')).status).toBe(200);
  expect((await ask()).status).toBe(200);
});

test('a model that is installed anew is ready, though the one before was unloaded', async () => {
  await unload('finder');
  await server.ask('PUT', '/v1/models/finder', 'good detect anew');
  expect((await ask()).json.model_version).toBe('2');
});

test('a config that agrees is taken, and a file becomes the next version', async () => {
  expect((await load('namer', { parameters: { config: '{"max_batch_size":"1","name":"namer"}' } })).status).toBe(200);
  const file = await load('fresh', { parameters: { config: '{}', 'file:1/model.onnx': base64('good embed') } });
  expect(file.status).toBe(200);
  expect((await ask('fresh')).json.model_version).toBe('1');
  expect((await server.ask('DELETE', '/v1/models/fresh')).status).toBe(204);
});

const withFile = (name: string, text: unknown) => ({ parameters: { config: '{}', [name]: text } });
test.each([
  ['an unknown model', 'absent', undefined, 404, "failed to load 'absent', failed to poll from model repository"],
  ['a name that is a path', '..%2f..%2fx', undefined, 404, "failed to load '../../x', failed to poll from model repository"],
  ['such a name with a file', '..%2fx', withFile('file:1/model.onnx', base64('good embed')), 404, /^failed to load/],
  [
    'a config that is not JSON',
    'namer',
    { parameters: { config: 'max_batch_size: 8' } },
    400,
    "failed to load 'namer', the config is not JSON",
  ],
  [
    'a larger batch',
    'namer',
    { parameters: { config: '{"max_batch_size":"16"}' } },
    400,
    /^failed to load 'namer', .* asks for 16$/,
  ],
  [
    'a field that cannot be changed',
    'namer',
    { parameters: { config: '{"optimization":{}}' } },
    400,
    /^failed to load .*'optimization'/,
  ],
  [
    'the config of another model',
    'namer',
    { parameters: { config: '{"name":"x"}' } },
    400,
    /^failed to load .* for the model 'x'$/,
  ],
  ['a config that is no text', 'namer', { parameters: { config: {} } }, 400, /^failed to load .*expected a string$/],
  [
    'a file outside',
    'namer',
    withFile('file:../../x', base64('good embed')),
    400,
    /^failed to load .*not 'file:\.\.\/\.\.\/x'$/,
  ],
  ['a file outside of its version', 'namer', withFile('file:1/../../x', base64('good embed')), 400, /^failed to load/],
  [
    'two files',
    'namer',
    { parameters: { config: '{}', 'file:1/model.onnx': '', 'file:2/model.onnx': '' } },
    400,
    /^failed to load .*got 2$/,
  ],
  [
    'a file without a config',
    'namer',
    { parameters: { 'file:1/model.onnx': base64('good') } },
    400,
    /^failed to load .*'config' too$/,
  ],
  [
    'a file that is not base64',
    'namer',
    withFile('file:1/model.onnx', '!!!!'),
    400,
    "failed to load 'namer', the file is not base64",
  ],
  ['an empty file', 'namer', withFile('file:1/model.onnx', ''), 400, /^failed to load/],
  [
    'a file over the limit',
    'namer',
    withFile('file:1/model.onnx', base64('x'.repeat(1024 * 1024 + 1))),
    413,
    /^failed to load .*1048577 bytes/,
  ],
  ['a file that is no model', 'namer', withFile('file:1/model.onnx', base64('invalid')), 400, /^failed to load/],
  [
    'a file with missing operators',
    'namer',
    withFile('file:1/model.onnx', base64('unsupported')),
    422,
    /^failed to load .*Loop/,
  ],
  [
    'an unknown parameter',
    'namer',
    { parameters: { url: 'http://169.254.169.254/' } },
    400,
    /^failed to load .*'url' is unknown$/,
  ],
  ['no JSON', 'namer', '{', 400, "failed to load 'namer', the request is not valid JSON"],
])('load with %s is refused and leaves nothing behind', async (_name, model, body, status, error) => {
  const answer = await load(model, body);
  expect(answer.status).toBe(status);
  if (typeof error === 'string') expect(answer.json).toEqual({ error });
  else expect(answer.json.error).toMatch(error);
  expect(await readdir(join(server.home, 'staging'))).toEqual([]);
  expect((await readdir(join(server.home, 'models'))).sort()).toEqual(['finder', 'namer']);
});

test('unload of an unknown model and a repository with a name are refused', async () => {
  expect((await unload('absent')).json).toEqual({ error: "Request for unknown model: 'absent' is not found" });
  for (const path of ['index', 'models/finder/load', 'models/finder/unload']) {
    const answer = await post(server.port, `/v2/repository/other/${path}`);
    expect([answer.status, answer.json]).toEqual([501, { error: "'repository_name' specification is not supported" }]);
  }
});

test('a link in the store to a folder outside is no model', async () => {
  const outside = await temporaryFolder();
  await symlink(outside, join(server.home, 'models', 'linked'));
  expect((await load('linked')).json.error).toBe("failed to load 'linked', failed to poll from model repository");
  await rm(join(server.home, 'models', 'linked'));
  await rm(outside, { recursive: true });
});

test('an unload while inferences run lets them finish or refuses them; none fails otherwise', async () => {
  const answers = Array.from({ length: 100 }, () => ask());
  await new Promise((resolve) => setTimeout(resolve, 5));
  await unload('finder');
  for (const { status } of await Promise.all(answers)) expect([200, 404]).toContain(status);
  await load('finder');
  expect((await ask()).status).toBe(200);
});

test('200 loads and unloads in a race leave a model that can be loaded', async () => {
  const race = Array.from({ length: 200 }, (_, turn) => (turn % 2 === 0 ? load('finder') : unload('finder')));
  for (const { status } of await Promise.all(race)) expect([200, 404]).toContain(status);
  expect((await load('finder')).status).toBe(200);
  expect((await ask()).status).toBe(200);
});

test('the same file loaded twice at once is compiled once', async () => {
  const file = () => load('twice', { parameters: { config: '{}', 'file:1/model.onnx': base64('sleep 200') } });
  const answers = await Promise.all([file(), file()]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect((await server.ask('GET', '/v1/models/twice')).json.version).toBe(1);
  await server.ask('DELETE', '/v1/models/twice');
  expect((await ask('twice')).json.error).toBe("Request for unknown model: 'twice' is not found");
});

test('a model that is deleted while its successor compiles ends as the successor', async () => {
  await server.ask('PUT', '/v1/models/follow', 'good embed');
  const file = load('follow', { parameters: { config: '{}', 'file:1/model.onnx': base64('sleep 1000') } });
  await until(async () => (await server.ask('GET', '/v1/health')).json.jobs.running === 1);
  expect((await server.ask('DELETE', '/v1/models/follow')).status).toBe(204);
  expect((await file).status).toBe(200);
  expect((await ask('follow')).status).toBe(200);
  await server.ask('DELETE', '/v1/models/follow');
});

test('2 GB are refused by what is declared of them', async () => {
  const socket = connect(server.port, '127.0.0.1');
  const answer = new Promise<string>((resolve) => socket.once('data', (piece) => resolve(piece.toString())));
  socket.write('POST /v2/repository/models/namer/load HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000000\r\n\r\n');
  expect(await answer).toMatch(/^HTTP\/1.1 413 [\s\S]*\{"error":"failed to load 'namer', the body is larger than/);
  socket.destroy();
});

test('a model that is deleted while it is asked answers or is refused', async () => {
  await server.ask('PUT', '/v1/models/brief', 'good embed');
  const answers = Array.from({ length: 40 }, () => ask('brief'));
  await server.ask('DELETE', '/v1/models/brief');
  for (const { status, json } of await Promise.all(answers)) {
    if (status !== 200) expect([status, json.error]).toEqual([400, "Request for unknown model: 'brief' is not found"]);
  }
});
