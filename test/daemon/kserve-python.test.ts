// The bytes of the official Python clients, sent by Python's own HTTP library: a client that shares no code with onbox.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startTestServer, type TestServer, until } from './support/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.ask('PUT', '/v1/models/finder', 'good detect');
  await until(() => server.engine.state.ready);
});

afterAll(() => server.stop());

test('Python lists, asks with binary tensors, plain and compressed, and posts a form', async () => {
  const script = join(__dirname, 'support', 'python_clients.py');
  const { stdout } = await promisify(execFile)('python3', [script, String(server.port)]);
  const answered = { status: 200, id: '42', out: [0, 1, 2, 3] };
  expect(JSON.parse(stdout)).toEqual({
    live: 200,
    index: [{ name: 'finder', version: '1', state: 'READY' }],
    unknown: [400, "Request for unknown model: 'absent' is not found"],
    plain: answered,
    deflate: answered,
    detect: {
      status: 200,
      predictions: [{ confidence: 0.9, label: expect.any(String), x_min: 1, y_min: 2, x_max: 3, y_max: 4 }],
    },
  });
});
