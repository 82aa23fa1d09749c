// What is wrong with a KServe request is said as {"error": text}, in Triton's words and with its statuses.

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
const zeros = new Array<number>(192).fill(0);
const input = { name: 'images', shape: [1, 3, 8, 8], datatype: 'FP32', data: zeros };

function send(request: unknown, headers: Record<string, string> = {}): Promise<KserveAnswer> {
  return post(server.port, path, typeof request === 'string' ? request : JSON.stringify(request), headers);
}

/** Posts a JSON head with bytes behind it. */
function sendBinary(head: unknown, bytes: number | Uint8Array): Promise<KserveAnswer> {
  const json = Buffer.from(JSON.stringify(head));
  const blob = typeof bytes === 'number' ? new Uint8Array(bytes) : bytes;
  return post(server.port, path, Buffer.concat([json, blob]), { 'Inference-Header-Content-Length': String(json.byteLength) });
}

const binary = (size: unknown, more = {}) => ({
  inputs: [{ name: 'images', shape: [1, 3, 8, 8], datatype: 'FP32', parameters: { binary_data_size: size }, ...more }],
});
const picture = { inputs: [{ name: 'images', shape: [1], datatype: 'BYTES' }] };
const output = (parameters: object, name = 'out') => ({ inputs: [input], outputs: [{ name, parameters }] });

test.each([
  ['GET', '/v2/models/absent', 400, "Request for unknown model: 'absent' is not found"],
  ['GET', '/v2/models/absent/config', 400, "Request for unknown model: 'absent' is not found"],
  ['GET', '/v2/models/absent/stats', 400, "Request for unknown model: 'absent' is not found"],
  ['GET', '/v2/models/absent/ready', 400, "Request for unknown model: 'absent' is not found"],
  ['POST', '/v2/models/absent/infer', 400, "Request for unknown model: 'absent' is not found"],
  ['GET', '/v2/models/..%2fkey', 400, "Request for unknown model: '../key' is not found"],
  ['GET', '/v2/models/%252e%252e', 400, "Request for unknown model: '%2e%2e' is not found"],
  ['GET', '/v2/models/a%00b', 400, "Request for unknown model: 'a\0b' is not found"],
  ['GET', '/v2/models/__proto__', 400, "Request for unknown model: '__proto__' is not found"],
  ['GET', `/v2/models/${'a'.repeat(256)}`, 400, `Request for unknown model: '${'a'.repeat(200)}…' is not found`],
  ['GET', '/v2/models/finder/versions/2', 404, "Request for unknown model: 'finder' version 2 is not found"],
  ['GET', '/v2/models/finder/versions/01', 404, "Request for unknown model: 'finder' version 01 is not found"],
  ['GET', '/v2/models/finder/versions/9223372036854775808', 404, /version 9223372036854775808 is not found$/],
  ['GET', '/v2/models/finder/versions/-1', 404, 'Not Found'],
  ['GET', '/v2/models/finder/versions/latest', 404, 'Not Found'],
  ['GET', '/v2/models/%c0%ae', 400, 'the request cannot be understood'],
  ['GET', '/v2/', 404, 'Not Found'],
  ['GET', '/v2/models', 404, 'Not Found'],
  ['GET', '/v2/models/finder/', 404, 'Not Found'],
  ['GET', '/v2/models//infer', 404, 'Not Found'],
  ['POST', '/v2/models/finder/generate', 404, 'Not Found'],
  ['GET', '/v2/systemsharedmemory/status', 404, 'Not Found'],
  ['POST', '/v2', 405, 'Method Not Allowed'],
  ['POST', '/v2/health/live', 405, 'Method Not Allowed'],
  ['GET', '/v2/models/finder/infer', 405, 'Method Not Allowed'],
  ['GET', '/v2/repository/index', 405, 'Method Not Allowed'],
  ['OPTIONS', '/v2/repository/models/finder/load', 405, 'Method Not Allowed'],
  ['POST', '/v2/models/finder/stats', 405, 'Method Not Allowed'],
])('%s %s answers %i', async (method, at, status, error) => {
  const answer = await server.ask(method, at);
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  expect(Object.keys(answer.json)).toEqual(['error']);
  if (typeof error === 'string') expect(answer.json.error).toBe(error);
  else expect(answer.json.error).toMatch(error);
});

test('a refusal of the guard has the form of KServe too', async () => {
  const answer = await server.ask('POST', '/v2/repository/models/finder/load', undefined, { Origin: 'http://evil.example' });
  expect([answer.status, typeof answer.json.error]).toEqual([403, 'string']);
});

test.each([
  [
    'no input',
    { inputs: [] },
    "expected 1 inputs but got 0 inputs for model 'finder'. Got input(s) [], but missing required input(s) ['images']. Please provide all required input(s).",
  ],
  ['an unknown input', { inputs: [input, { ...input, name: 'X' }] }, "unexpected inference input 'X' for model 'finder'"],
  ['an input twice', { inputs: [input, input] }, "input 'images' already exists in request"],
  [
    'another datatype',
    { inputs: [{ ...input, datatype: 'INT32' }] },
    "inference input 'images' data-type is 'INT32', but model 'finder' expects 'FP32'",
  ],
  ['an unknown datatype', { inputs: [{ ...input, datatype: 'f32' }] }, "input 'images' has the unknown datatype 'f32'"],
  [
    'a batch of 2',
    { inputs: [{ ...input, shape: [2, 3, 8, 8] }] },
    "unexpected shape for input 'images' for model 'finder'. Expected [1,3,8,8], got [2,3,8,8]",
  ],
  [
    'fewer axes',
    { inputs: [{ ...input, shape: [192] }] },
    "unexpected shape for input 'images' for model 'finder'. Expected [1,3,8,8], got [192]",
  ],
  ['an unknown output', output({}, 'X'), "unexpected inference output 'X' for model 'finder'"],
  [
    'an output twice',
    { inputs: [input], outputs: [{ name: 'out' }, { name: 'out' }] },
    "output 'out' already exists in request",
  ],
  [
    'too few numbers',
    { inputs: [{ ...input, data: [1, 2] }] },
    /Shape does not match true shape of 'data' field of input 'images': 192 elements wanted, got 2$/,
  ],
  ['too many numbers', { inputs: [{ ...input, data: [...zeros, 1] }] }, /192 elements wanted, got more than 192$/],
  [
    'null for a number',
    { inputs: [{ ...input, data: [null, ...zeros.slice(1)] }] },
    "Unable to parse 'data' of input 'images': element 0 is no FP32: null",
  ],
  [
    'true for a number',
    { inputs: [{ ...input, data: [true, ...zeros.slice(1)] }] },
    "Unable to parse 'data' of input 'images': element 0 is no FP32: true",
  ],
  ['a number beyond FP32', { inputs: [{ ...input, data: [1e39, ...zeros.slice(1)] }] }, /element 0 is no FP32: 1e\+39$/],
  [
    'strings for data',
    { inputs: [{ ...input, datatype: 'BYTES', shape: [1], data: ['a'] }] },
    '"data" holds numbers; strings and pictures must come as binary data',
  ],
  [
    'no data at all',
    { inputs: [{ ...input, data: undefined }] },
    "input 'images' for model 'finder' has neither 'data' nor 'binary_data_size'",
  ],
  ['a number for the data', { inputs: [{ ...input, data: 1 }] }, "Unable to parse 'data' of input 'images': expected a list"],
  [
    'both forms of data',
    { inputs: [{ ...input, parameters: { binary_data_size: 4 } }] },
    "input 'images' has both 'data' and 'binary_data_size'",
  ],
  [
    'shared memory',
    { inputs: [{ ...input, parameters: { shared_memory_region: 'r' } }] },
    "input 'images': shared memory is not offered",
  ],
  ['shared memory for an output', output({ shared_memory_region: 'r' }), "output 'out': shared memory is not offered"],
  ['no list of inputs', {}, "Unable to parse 'inputs': expected a list"],
  ['a list for the request', [], 'the request must be an object'],
  ['a number for an id', { id: 1, inputs: [input] }, "Unable to parse 'id' of the request: expected a string"],
  ['an id of 1 MB', { id: 'a'.repeat(1_000_000), inputs: [input] }, "'id' has 1000000 characters, 1024 at most"],
  [
    'an id of half a character',
    { id: '\ud800', inputs: [input] },
    "Unable to parse 'id' of the request: it holds half a character",
  ],
  [
    'a parameter that is a list',
    { parameters: { x: [] }, inputs: [input] },
    "the parameter 'x' of the request must be a string, a number or a boolean",
  ],
  [
    'a timeout of words',
    { parameters: { timeout: 'soon' }, inputs: [input] },
    /^Invalid value for 'timeout': expected a whole number/,
  ],
  ['a negative priority', { parameters: { priority: -1 }, inputs: [input] }, /^Invalid value for 'priority'/],
  ['a number for a flag', output({ binary_data: 1 }), "Invalid value for 'binary_data': expected a boolean"],
  [
    'classification 0',
    output({ classification: 0 }),
    /^Invalid value for 'classification': expected a whole number from 1 to 1000000, got 0$/,
  ],
  ['classification -1', output({ classification: -1 }), /got -1$/],
  ['classification 1e9', output({ classification: 1e9 }), /got 1000000000$/],
  ['classification of words', output({ classification: '3' }), /got "3"$/],
])('%s is refused', async (_name, request, error) => {
  const answer = await send(request);
  expect([answer.status, Object.keys(answer.json)]).toEqual([400, ['error']]);
  if (typeof error === 'string') expect(answer.json.error).toBe(error);
  else expect(answer.json.error).toMatch(error);
});

test.each(['sequence_id', 'sequence_start', 'sequence_end', 'headers', 'triton_', 'triton_enable_empty_final_response'])(
  'the reserved parameter %s is refused',
  async (name) => {
    const answer = await send({ parameters: { [name]: 1 }, inputs: [input] });
    expect([answer.status, answer.json.error]).toEqual([400, `the parameter '${name}' of the request is reserved`]);
  },
);

test('parameters of the request are reserved on its tensors, and others are free', async () => {
  expect((await send({ inputs: [{ ...input, parameters: { timeout: 1 } }] })).status).toBe(400);
  expect((await send({ parameters: { mine: 'x', constant: 1, yes: true }, inputs: [input] })).status).toBe(200);
});

test.each(['-1', '99999999999', 'abc', '1e3', '+5', '0x10', ' ', '9007199254740993'])(
  'an Inference-Header-Content-Length of %j is out of range',
  async (length) => {
    const answer = await send({ inputs: [input] }, { 'Inference-Header-Content-Length': length });
    expect(answer.status).toBe(400);
    expect(answer.json.error).toMatch(/^inference header size should be in range \(0, [0-9]+\), got: /);
  },
);

test.each([
  [
    'more than follows',
    binary(769),
    768,
    "input 'images' for model 'finder' has the 'binary_data_size' 769, but 768 bytes are left of the body",
  ],
  ['2^53 bytes', binary(2 ** 53), 768, /^Invalid value for 'binary_data_size'/],
  ['2^53 - 1 bytes', binary(2 ** 53 - 1), 768, /but 768 bytes are left of the body$/],
  ['less than nothing', binary(-1), 768, /^Invalid value for 'binary_data_size'/],
  ['half a byte', binary(0.5), 768, /^Invalid value for 'binary_data_size'/],
  ['less than follows', binary(768), 770, "unexpected additional input data for model 'finder': 2 bytes belong to no input"],
  [
    'less than the tensor',
    binary(764),
    764,
    "input byte size mismatch for input 'images' for model 'finder'. Expected 768, got 764",
  ],
  ['a shape that overflows', binary(768, { shape: [16, 2 ** 60 + 2] }), 768, /^Unable to parse 'shape'/],
  [
    'a shape whose product overflows',
    binary(768, { shape: [2 ** 40, 2 ** 40, 3, 8] }),
    768,
    /^unexpected shape for input 'images'/,
  ],
  [
    'a negative extent',
    binary(768, { shape: [2, -5] }),
    768,
    "Unable to parse 'shape' of input 'images': expected whole numbers from 0, got -5",
  ],
  [
    'an extent of 0',
    binary(0, { shape: [0] }),
    0,
    "unexpected shape for input 'images' for model 'finder'. Expected [1,3,8,8], got [0]",
  ],
  ['half an extent', binary(768, { shape: [1, 3, 8, 8.5] }), 768, /^Unable to parse 'shape'/],
  ['1,000 axes', binary(768, { shape: new Array(1000).fill(1) }), 768, "'shape' has 1000 entries, 64 at most"],
  ['no shape', binary(768, { shape: undefined }), 768, "Unable to parse 'shape': expected a list"],
])('binary data of %s is refused', async (_name, head, bytes, error) => {
  const answer = await sendBinary(head, bytes);
  expect(answer.status).toBe(400);
  if (typeof error === 'string') expect(answer.json.error).toBe(error);
  else expect(answer.json.error).toMatch(error);
});

const u32 = (value: number, rest = ''): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return Buffer.concat([bytes, Buffer.from(rest)]);
};

test.each([
  [
    'no room for its length',
    Buffer.from('ab'),
    "input 'images' for model 'finder': a BYTES element begins with 4 bytes of length, got 2",
  ],
  [
    'a length past the end',
    u32(5, 'box'),
    "input 'images' for model 'finder': the BYTES element has the length 5, but 3 bytes follow",
  ],
  ['a length of 2^32 - 1', u32(0xffffffff, 'box'), /the length 4294967295, but 3 bytes follow$/],
  ['a length that leaves bytes', u32(1, 'box'), /the length 1, but 3 bytes follow$/],
  ['no bytes', u32(0), "input 'images' for model 'finder': the picture has 0 bytes"],
  ['no picture', u32(3, 'bad'), 'this is no picture'],
])('a BYTES element with %s is refused', async (_name, bytes, error) => {
  const answer = await sendBinary(picture, bytes);
  expect(answer.status).toBe(400);
  if (typeof error === 'string') expect(answer.json.error).toBe(error);
  else expect(answer.json.error).toMatch(error);
});

test('two pictures are more than a batch of 1', async () => {
  const answer = await sendBinary(
    { inputs: [{ name: 'images', shape: [2], datatype: 'BYTES' }] },
    Buffer.concat([u32(1, 'a'), u32(1, 'b')]),
  );
  expect(answer.json.error).toBe("unexpected shape for input 'images' for model 'finder'. Expected [1], got [2]");
});

test('a raw request of another size is refused', async () => {
  const answer = await post(server.port, path, new Uint8Array(767), { 'Inference-Header-Content-Length': '0' });
  expect([answer.status, answer.json.error]).toEqual([
    400,
    "input byte size mismatch for input 'images' for model 'finder'. Expected 768, got 767",
  ]);
});
