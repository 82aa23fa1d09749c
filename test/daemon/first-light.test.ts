// The whole way with nothing pretended: an embedded model is compiled here, a posted picture is answered, the engine is killed.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { embeddedModels, samplePicture } from '../../daemon/embedded/index.js';
import { registerFlags, startTestServer, type TestServer, until } from './support/server.js';

const daemon = join(__dirname, '..', '..', 'daemon');
const png = { 'Content-Type': 'image/png' };
let server: TestServer;
let picture: Uint8Array;

beforeAll(async () => {
  picture = await readFile(samplePicture());
  server = await startTestServer({
    engineChild: { script: join(daemon, 'engine', 'child.ts'), args: ['1', '8'], nodeFlags: registerFlags },
    compileChild: { script: join(daemon, 'jobs', 'compile-child.ts'), nodeFlags: registerFlags },
    embedded: embeddedModels(),
  });
  await until(() => server.engine.state.ready);
}, 180_000);

afterAll(() => server.stop());

test('the first start installs the embedded models', async () => {
  const { json } = await server.ask('GET', '/v1/models');
  expect(json.models.map(({ name, task }: { name: string; task: string }) => [name, task])).toEqual([
    ['shapes', 'detect'],
    ['shapes-classify', 'classify'],
  ]);
  expect(server.log.join('')).not.toContain('embedded-failed');
});

test('the sample is full of shapes', async () => {
  const { status, json } = await server.ask('POST', '/v1/detect', picture, png);
  expect(status).toBe(200);
  expect(json.objects.length).toBeGreaterThanOrEqual(3);
  expect(json.objects[0].confidence).toBeGreaterThan(0.5);
});

test('the classifier answers with its labels', async () => {
  const { status, json } = await server.ask('POST', '/v1/classify?top=3', picture, png);
  expect(status).toBe(200);
  expect(json.classes).toHaveLength(3);
});

test('what is no picture is refused by the decoder, and the engine lives on', async () => {
  const { status } = await server.ask('POST', '/v1/detect', 'not a picture', png);
  expect(status).toBe(400);
  expect(server.engine.state.restarts).toBe(0);
});

test('killing the engine with -9 under load loses no request', async () => {
  const answers = Array.from({ length: 40 }, () => server.ask('POST', '/v1/detect', picture, png));
  await until(() => server.engine.state.running > 1);
  process.kill(server.engine.state.pid ?? 0, 'SIGKILL');
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses).toEqual(new Array(40).fill(200));
  expect(server.engine.state.restarts).toBeGreaterThan(0);
});
