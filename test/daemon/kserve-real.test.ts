// KServe with nothing pretended: Triton's "simple" model, the sum and difference of two vectors, is compiled here and asked.

import { join } from 'node:path';
import sharp from 'sharp';
import { writeOnnx } from '../support/onnx-writer.js';
import { infer } from './support/kserve-client.js';
import { registerFlags, startTestServer, type TestServer, until } from './support/server.js';

const daemon = join(__dirname, '..', '..', 'daemon');
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    engineChild: { script: join(daemon, 'engine', 'child.ts'), args: ['1', '8'], nodeFlags: registerFlags },
    compileChild: { script: join(daemon, 'jobs', 'compile-child.ts'), nodeFlags: registerFlags },
  });
  await until(() => server.engine.state.ready, 60_000);
}, 180_000);

afterAll(() => server.stop());

function simple(dtype: 'f32' | 'i32'): Uint8Array {
  const tensor = (name: string) => ({ name, dtype, dims: [1, 16] });
  return writeOnnx({
    inputs: [tensor('INPUT0'), tensor('INPUT1')],
    outputs: [tensor('OUTPUT0'), tensor('OUTPUT1')],
    nodes: [
      { op: 'Add', inputs: ['INPUT0', 'INPUT1'], outputs: ['OUTPUT0'] },
      { op: 'Sub', inputs: ['INPUT0', 'INPUT1'], outputs: ['OUTPUT1'] },
    ],
  });
}

test.each([
  ['simple-float', 'f32', 'FP32', Float32Array],
  ['simple', 'i32', 'INT32', Int32Array],
] as const)(
  '%s: sums in JSON, differences as binary data, from one input of each kind',
  async (name, dtype, datatype, Values) => {
    expect(await server.ask('PUT', `/v1/models/${name}?task=other`, simple(dtype))).toMatchObject({ status: 201 });
    const left = new Values(Array.from({ length: 16 }, (_, index) => index));
    const right = new Values(new Array(16).fill(1));
    const answer = await infer(
      server.port,
      name,
      [
        { name: 'INPUT1', shape: [1, 16], datatype, bytes: new Uint8Array(right.buffer) },
        { name: 'INPUT0', shape: [1, 16], datatype, data: [[...left]] },
      ],
      { id: '42', outputs: [{ name: 'OUTPUT1', parameters: { binary_data: true } }, { name: 'OUTPUT0' }] },
    );
    expect(answer.json).toEqual({
      model_name: name,
      model_version: '1',
      id: '42',
      outputs: [
        { name: 'OUTPUT1', datatype, shape: [1, 16], parameters: { binary_data_size: 64 } },
        { name: 'OUTPUT0', datatype, shape: [1, 16], data: [...left].map((value) => value + 1) },
      ],
    });
    const differences = answer.blobs.get('OUTPUT1') ?? Buffer.alloc(0);
    expect([...new Values(new Uint8Array(differences).buffer)]).toEqual([...left].map((value) => value - 1));
  },
);

test('an encoded picture becomes the tensor that the model wants', async () => {
  const means = writeOnnx({
    inputs: [{ name: 'images', dims: [1, 3, 8, 8] }],
    outputs: [{ name: 'means', dims: [1, 3, 1, 1] }],
    nodes: [{ op: 'GlobalAveragePool', inputs: ['images'], outputs: ['means'] }],
  });
  expect((await server.ask('PUT', '/v1/models/means?task=other', means)).status).toBe(201);
  const background = { r: 10, g: 20, b: 30 };
  const png = await sharp({ create: { width: 32, height: 16, channels: 3, background } })
    .png()
    .toBuffer();
  const length = Buffer.alloc(4);
  length.writeUInt32LE(png.byteLength);
  const bytes = Buffer.concat([length, png]);
  const answer = await infer(server.port, 'means', [{ name: 'images', shape: [1], datatype: 'BYTES', bytes }]);
  expect(answer.json.outputs).toEqual([{ name: 'means', datatype: 'FP32', shape: [1, 3, 1, 1], data: [10, 20, 30] }]);

  const tensor = Float32Array.from({ length: 192 }, (_, index) => Math.floor(index / 64));
  const raw = { name: 'images', shape: [1, 3, 8, 8], datatype: 'FP32', bytes: new Uint8Array(tensor.buffer) };
  expect((await infer(server.port, 'means', [raw])).json.outputs[0].data).toEqual([0, 1, 2]);
});

test('an encoded picture for a model without a picture input is refused', async () => {
  const bytes = Buffer.from([1, 0, 0, 0, 1]);
  const inputs = ['INPUT0', 'INPUT1'].map((name) => ({ name, shape: [1], datatype: 'BYTES', bytes }));
  const answer = await infer(server.port, 'simple', inputs);
  expect([answer.status, answer.json]).toEqual([
    400,
    { error: "inference input 'INPUT0' data-type is 'BYTES', but model 'simple' expects 'INT32'" },
  ]);
});

test('killing the engine with -9 under load loses no inference', async () => {
  const data = Array.from({ length: 16 }, (_, index) => index);
  const inputs = ['INPUT0', 'INPUT1'].map((name) => ({ name, shape: [1, 16], datatype: 'FP32', data }));
  const answers: Awaited<ReturnType<typeof infer>>[] = [];
  let loaded = true;
  const clients = Array.from({ length: 8 }, async () => {
    while (loaded) answers.push(await infer(server.port, 'simple-float', inputs));
  });
  await until(() => answers.length > 20);
  const killed = server.engine.state.pid ?? 0;
  process.kill(killed, 'SIGKILL');
  await until(() => ![0, killed, undefined].includes(server.engine.state.pid));
  const answeredBefore = answers.length;
  await until(() => answers.length > answeredBefore + 20);
  loaded = false;
  await Promise.all(clients);
  for (const { status, json } of answers) expect([status, json.outputs?.[0].data[15]]).toEqual([200, 30]);
});
