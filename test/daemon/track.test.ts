// Tracking sessions over HTTP: what they answer, remember, refuse and forget.

import { TrackSessions } from '../../daemon/track/sessions.js';
import { startTestServer, type TestServer, until } from './support/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await until(() => server.engine.state.ready);
  expect((await server.ask('PUT', '/v1/models/finder', 'good detect')).status).toBe(201);
  expect((await server.ask('PUT', '/v1/models/other', 'good detect')).status).toBe(201);
  expect((await server.ask('PUT', '/v1/models/namer', 'good classify')).status).toBe(201);
});

afterAll(() => server.stop());

const post = (path: string, body = 'box') => server.ask('POST', `/v1/track/${path}`, body, { 'Content-Type': 'image/png' });
const put = (path: string, config: unknown) => server.ask('PUT', `/v1/track/${path}`, JSON.stringify(config));

test('a thing keeps its id from one posted picture to the next, and its coming is told', async () => {
  const first = await post('gate?model=finder&pts_us=1700000000000000');
  expect(first).toMatchObject({
    status: 200,
    json: {
      session: 'gate',
      model: 'finder',
      version: 1,
      frame: 1,
      pts_us: 1_700_000_000_000_000,
      image: { width: 640, height: 480 },
      objects: [{ id: 1, class: 0, confidence: 0.9, box: [1, 2, 3, 4], zones: [], first_frame: 1 }],
      events: [{ event: 'new', frame: 1, track: 1 }],
      ms: { infer: 2, post: 3, track: expect.any(Number) },
    },
  });
  const second = await post('gate?pts_us=1700000000100000');
  expect(second.json).toMatchObject({ frame: 2, objects: [{ id: 1, first_frame: 1 }], events: [] });
  expect((await server.ask('GET', '/v1/track')).json.sessions).toMatchObject([{ session: 'gate', model: 'finder', frames: 2 }]);
  expect((await server.ask('DELETE', '/v1/track/gate')).status).toBe(204);
  expect((await post('gate?model=finder')).json).toMatchObject({ frame: 1, objects: [{ id: 1 }] });
});

test('zones, lines, labels and the time to live are put, and stay where a change does not name them', async () => {
  const points = [
    [0, 0],
    [0.5, 0],
    [0.5, 0.5],
    [0, 0.5],
  ];
  const zone = { name: 'yard', points, dwell_s: 0 };
  expect(await put('yard', { model: 'finder', ttl_s: 900, zones: [zone] })).toMatchObject({
    status: 200,
    json: { session: 'yard', model: 'finder', frames: 0, ttl_s: 900, zones: [zone], lines: [], labels: null },
  });
  const { json } = await post('yard');
  expect(json.objects).toMatchObject([{ zones: ['yard'] }]);
  expect(json.events.map(({ event, zone: where }: { event: string; zone?: string }) => [event, where])).toEqual([
    ['new', undefined],
    ['enter', 'yard'],
  ]);
  const line = { name: 'door', a: [0, 0.5], b: [1, 0.5] };
  expect((await put('yard', { lines: [line], labels: ['nothing like it'] })).json).toMatchObject({
    zones: [zone],
    lines: [line],
  });
  expect((await post('yard')).json.objects).toEqual([]);
  expect((await server.ask('GET', '/v1/track/yard')).json).toMatchObject({ frames: 2, labels: ['nothing like it'] });
});

test('answers leave in the order in which the pictures came, and more than four at once are refused', async () => {
  const waiting = [post('door?model=finder', 'sleep 600')];
  await until(async () => (await server.ask('GET', '/v1/track/door')).json.frames === 1);
  for (let i = 2; i <= 4; i++) {
    waiting.push(post('door'));
    await until(async () => (await server.ask('GET', '/v1/track/door')).json.frames === i);
  }
  const fifth = await post('door');
  const answers = await Promise.all(waiting);
  expect(answers.map(({ json }) => json.frame)).toEqual([1, 2, 3, 4]);
  expect(answers.map(({ json }) => json.objects[0]?.id)).toEqual([1, 1, 1, 1]);
  // Where this machine was slow to send the fifth, the first had been answered.
  if (fifth.status !== 200) {
    expect(fifth).toMatchObject({ status: 503, json: { error: { code: 'queue-full' } }, headers: { 'retry-after': '1' } });
  }
});

test.each([
  ['POST', 'unknown?model=nobody', 'box', 404, 'model-missing'],
  ['POST', 'unknown?model=namer', 'box', 400, 'task-mismatch'],
  ['POST', 'unknown?model=finder', 'bad', 400, 'picture-unsupported'],
  ['POST', 'unknown?model=finder&pts_us=-1', 'box', 400, 'query-invalid'],
  ['POST', 'unknown?model=finder&pts_us=99999999999999999', 'box', 400, 'query-invalid'],
  ['POST', 'unknown?model=finder&ttl_s=0', 'box', 400, 'query-invalid'],
  ['POST', '..%2fetc?model=finder', 'box', 400, 'name-invalid'],
  ['PUT', 'unknown', '{', 400, 'json-invalid'],
  ['PUT', 'unknown', '[]', 400, 'bad-config'],
  ['PUT', 'unknown', '{"model":7}', 400, 'bad-config'],
  ['PUT', 'unknown', '{"model":"finder","ttl_s":1e9}', 400, 'bad-config'],
  ['PUT', 'unknown', '{"model":"finder","zonse":[]}', 400, 'bad-config'],
  ['PUT', 'unknown', '{"model":"finder","__proto__":{}}', 400, 'bad-config'],
  ['PUT', 'unknown', '{"model":"finder","zones":[{"name":"a","points":[[0,0]]}]}', 400, 'scene-bad'],
  ['GET', 'unknown', '', 404, 'session-missing'],
  ['DELETE', 'unknown', '', 404, 'session-missing'],
  ['PATCH', 'unknown', '', 405, 'method-refused'],
])('%s of %s with %j is refused with %d %s, and leaves no session', async (method, path, body, status, code) => {
  const type = method === 'POST' ? { 'Content-Type': 'image/png' } : {};
  const answer = await server.ask(method, `/v1/track/${path}`, body, { ...type });
  expect(answer).toMatchObject({ status, json: { error: { code } } });
  expect((await server.ask('GET', '/v1/track/unknown')).status).toBe(404);
});

test('a time that does not increase, and another model, are refused while the session goes on', async () => {
  await post('clock?model=finder&pts_us=50');
  expect(await post('clock?pts_us=50')).toMatchObject({ status: 400, json: { error: { code: 'track-time' } } });
  expect(await post('clock?model=other')).toMatchObject({ status: 409, json: { error: { code: 'session-mismatch' } } });
  expect((await post('clock?pts_us=51')).json).toMatchObject({ frame: 2, objects: [{ id: 1 }] });
});

test('a session that nobody uses is forgotten, and 256 are as many as there may be', async () => {
  const sessions = new TrackSessions({
    streamed: async () => ({ name: 'finder', version: 1, device: 'cpu', input: null }),
    detect: async () => {
      throw new Error('nobody asks');
    },
  });
  await sessions.configure('short', { ttl_s: 1 });
  expect(sessions.count).toBe(1);
  await until(() => sessions.count === 0);
  for (let i = 0; i < 256; i++) await sessions.configure(`s${i}`, {});
  await expect(sessions.configure('one-more', {})).rejects.toMatchObject({ code: 'queue-full' });
  sessions.end('s7');
  await expect(sessions.configure('one-more', {})).resolves.toMatchObject({ session: 'one-more' });
});
