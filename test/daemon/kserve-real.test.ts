// KServe with nothing pretended: Triton's "simple" model, the sum and difference of two vectors, is compiled here and asked.

import { join } from 'node:path';
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

test('killing the engine with -9 under load loses no inference', async () => {
  const data = Array.from({ length: 16 }, (_, index) => index);
  const inputs = ['INPUT0', 'INPUT1'].map((name) => ({ name, shape: [1, 16], datatype: 'FP32', data }));
  const answers = Array.from({ length: 40 }, () => infer(server.port, 'simple-float', inputs));
  await until(() => server.engine.state.running > 1);
  process.kill(server.engine.state.pid ?? 0, 'SIGKILL');
  for (const { status, json } of await Promise.all(answers)) {
    expect([status, json.outputs?.[0].data[15]]).toEqual([200, 30]);
  }
});
