// The whole way with nothing pretended: an embedded model is compiled here, a posted picture is answered, the engine is killed.

import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommandLine } from '../../daemon/commands/index.js';
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

test('onbox track follows the shapes through a folder of pictures, and writes them as MOT lines', async () => {
  const folder = join(server.home, 'frames');
  await mkdir(folder);
  for (let i = 1; i <= 3; i++) await copyFile(samplePicture(), join(folder, `${i}.png`));
  const scene = join(server.home, 'scene.json');
  const points = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ];
  await writeFile(scene, JSON.stringify({ zones: [{ name: 'all', points }] }));
  const mot = join(server.home, 'mot.txt');
  let out = '';
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    err: () => undefined,
    input: (async function* (): AsyncGenerator<Uint8Array> {})(),
    isInteractive: false,
    closed: new AbortController().signal,
    environment: { ONBOX_HOME: server.home },
  };
  const options = ['--model', 'shapes', '--scene', scene, '--mot', mot, '--min-confidence', '0.4', '--json'];
  expect(await runCommandLine(['track', folder, ...options], terminal)).toBe(0);
  const report = JSON.parse(out);
  expect(report).toMatchObject({ model: 'shapes', version: 1, width: 640, height: 480, frames_per_s: 25 });
  expect(report.frames.map(({ frame, time_s }: { frame: number; time_s: number }) => [frame, time_s])).toEqual([
    [1, 0],
    [2, 0.04],
    [3, 0.08],
  ]);
  const idsOf = (index: number) =>
    report.frames[index].objects.map(({ id, label }: { id: number; label: string }) => [id, label]);
  expect(idsOf(2).length).toBeGreaterThanOrEqual(3);
  expect(idsOf(2)).toEqual(idsOf(1));
  expect(report.frames[2].objects[0].zones).toEqual(['all']);
  expect(report.events.filter(({ event }: { event: string }) => event === 'new')).toHaveLength(report.tracks);
  const lines = (await readFile(mot, 'utf8')).trim().split('\n');
  expect(lines).toHaveLength(report.frames.flatMap(({ objects }: { objects: object[] }) => objects).length);
  expect(lines[0]).toMatch(/^1,\d+,([\d.-]+,){4}0\.\d{4},-1,-1,-1$/);
});

test('what is no picture is refused by the decoder, and the engine lives on', async () => {
  const { status } = await server.ask('POST', '/v1/detect', 'not a picture', png);
  expect(status).toBe(400);
  expect(server.engine.state.restarts).toBe(0);
});

test('killing the engine with -9 under load loses no request', async () => {
  let isLoaded = true;
  const statuses: number[] = [];
  const clients = Array.from({ length: 8 }, async () => {
    while (isLoaded) statuses.push((await server.ask('POST', '/v1/detect', picture, png)).status);
  });
  await until(() => statuses.length > 8);
  process.kill(server.engine.state.pid ?? 0, 'SIGKILL');
  const answered = statuses.length;
  await until(() => statuses.length > answered + 16, 120_000);
  isLoaded = false;
  await Promise.all(clients);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  expect(server.engine.state.restarts).toBeGreaterThan(0);
});
