// Hostile bodies of KServe: deep, doubled, endless, compressed. Every one is refused as JSON with the right status, cheaply.

import { connect } from 'node:net';
import zlib from 'node:zlib';
import { type KserveAnswer, post } from './support/kserve-client.js';
import { startTestServer, type TestServer, until } from './support/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.ask('PUT', '/v1/models/finder', 'good detect');
  await until(() => server.engine.state.ready);
});

afterAll(() => server.stop());

const path = '/v2/models/finder/infer';
const input = { name: 'images', shape: [1, 3, 8, 8], datatype: 'FP32', data: new Array<number>(192).fill(0) };

function send(request: unknown, headers: Record<string, string> = {}): Promise<KserveAnswer> {
  return post(server.port, path, typeof request === 'string' ? request : JSON.stringify(request), headers);
}

test.each([
  ['brackets 120 deep', `{"inputs":[{"name":"images","data":${'['.repeat(120)}${']'.repeat(120)}}]}`],
  ['brackets 250,000 deep', '['.repeat(250_000)],
  ['objects 250,000 deep', '{"a":'.repeat(250_000)],
])('%s: refused at depth 100', async (_name, body) => {
  const answer = await send(body);
  expect([answer.status, answer.json]).toEqual([400, { error: 'JSON nesting depth exceeds maximum allowed limit (100)' }]);
});

test.each([
  ['nothing but white space', ' ', 'the request is not valid JSON'],
  ['half a request', '{"inputs":[', 'the request is not valid JSON'],
  ['data without an end', '{"inputs":[{"data":[1,2', 'the request ends inside of its data'],
  ['a string without an end', '{"inputs', 'the request is not valid JSON'],
  ['a name without meaning', '{"__proto__":{"polluted":1}}', 'the key "__proto__" is refused'],
  ['the same in escapes', '{"\\u005f_proto__":{"polluted":1}}', 'the key "__proto__" is refused'],
  ['a constructor', '{"inputs":[],"parameters":{"constructor":1}}', 'the key "constructor" is refused'],
  ['a key twice', '{"inputs":[],"inputs":[]}', 'the key "inputs" is given twice'],
  ['a name twice', '{"inputs":[{"name":"a","name":"b"}]}', 'the key "name" is given twice'],
  [
    '1e400',
    `{"inputs":[{"name":"images","shape":[1,3,8,8],"datatype":"FP32","data":[1e400]}]}`,
    /element 0 is no FP32: Infinity$/,
  ],
  ['data with a comma too many', '{"inputs":[{"data":[1,,2]}]}', '"data" has a comma too many'],
  ['data that opens wrongly', '{"inputs":[{"data":[1[,]2]}]}', '"data" lacks a comma'],
  ['data that closes wrongly', '{"inputs":[{"data":[[1]2]}]}', '"data" lacks a comma'],
  ['data with an object', '{"inputs":[{"data":[{}]}]}', '"data" holds numbers; strings and pictures must come as binary data'],
  [
    'a head of 2 MB',
    `{"inputs":[],"parameters":{${Array.from({ length: 200_000 }, (_, i) => `"k${i}":1`).join()}}}`,
    /^the JSON without its data has [0-9]+ bytes, 1048576 at most$/,
  ],
])('%s: refused as JSON', async (_name, body, error) => {
  const answer = await send(body);
  expect(answer.status).toBe(400);
  if (typeof error === 'string') expect(answer.json.error).toBe(error);
  else expect(answer.json.error).toMatch(error);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('JSON that is no UTF-8 is refused', async () => {
  const answer = await post(server.port, path, Buffer.from('{"\xff":1}', 'latin1'));
  expect([answer.status, answer.json]).toEqual([400, { error: 'the JSON is not valid UTF-8' }]);
});

test('10 million numbers are refused after the first that is too many, and others are answered meanwhile', async () => {
  const body = `{"inputs":[{"name":"images","shape":[1,3,8,8],"datatype":"FP32","data":[${'0,'.repeat(10_000_000)}0]}]}`;
  const big = send(body);
  const others = await Promise.all(Array.from({ length: 20 }, () => server.ask('GET', '/v2/health/live')));
  expect(others.map(({ status }) => status)).toEqual(new Array(20).fill(200));
  expect((await big).json.error).toMatch(/192 elements wanted, got more than 192$/);
});

test.each([
  ['a gzip bomb', zlib.gzipSync(Buffer.alloc(80 * 1024 * 1024)), 'gzip', 413, 'the body inflates to more than 67108864 bytes'],
  [
    'a deflate bomb',
    zlib.deflateSync(Buffer.alloc(80 * 1024 * 1024)),
    'deflate',
    413,
    'the body inflates to more than 67108864 bytes',
  ],
  ['a gzip that is cut', zlib.gzipSync('{"inputs":[]}').subarray(0, 20), 'gzip', 400, 'the body is not valid gzip'],
  ['a deflate without its container', zlib.deflateRawSync('{"inputs":[]}'), 'deflate', 400, 'the body is not valid deflate'],
  ['brotli', zlib.brotliCompressSync('{}'), 'br', 415, 'the Content-Encoding is gzip or deflate, not "br"'],
  [
    'nested encodings',
    zlib.gzipSync(zlib.gzipSync('{}')),
    'gzip, gzip',
    415,
    'the Content-Encoding is gzip or deflate, not "gzip, gzip"',
  ],
])('%s is refused', async (_name, body, encoding, status, error) => {
  const answer = await post(server.port, path, body, { 'Content-Encoding': encoding });
  expect([answer.status, answer.json]).toEqual([status, { error }]);
});

test('64 MiB and one byte are refused before they are read', async () => {
  const socket = connect(server.port, '127.0.0.1');
  const answer = new Promise<string>((resolve) => socket.once('data', (piece) => resolve(piece.toString())));
  socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${64 * 1024 * 1024 + 1}\r\n\r\n`);
  expect(await answer).toMatch(/^HTTP\/1.1 413 [\s\S]*\{"error":"the body is larger than 67108864 bytes"\}$/);
  socket.destroy();
});

test('nothing of a request starts a line of the log', async () => {
  await send({ id: 'x\r\nInjected: 1', inputs: [{ ...input, name: 'a\r\nb' }] });
  expect(server.log.join('')).not.toContain('Injected');
});
