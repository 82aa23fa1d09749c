// A stream over a real WebSocket: what it says, what it takes, what it leaves out, and that nothing a client sends ends another's.

import { join } from 'node:path';
import { WebSocket } from 'ws';
import { startTestServer, type TestServer, until, writeKey } from './support/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await until(() => server.engine.state.ready);
  expect((await server.ask('PUT', '/v1/models/finder', 'good detect')).status).toBe(201);
  expect((await server.ask('PUT', '/v1/models/namer', 'good classify')).status).toBe(201);
});

afterAll(() => server.stop());

// biome-ignore lint/suspicious/noExplicitAny: tests read messages of every shape
type Message = any;

interface Client {
  readonly socket: WebSocket;
  readonly messages: Message[];
  readonly closed: Promise<number>;
  /** The first message of a type and, where given, of a frame; waits for it. */
  next(type: string, frame?: number): Promise<Message>;
}

async function open(query = '?model=finder', on = server, headers: Record<string, string> = {}): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${on.port}/v1/stream${query}`, 'onbox.v1.json', { headers });
  const messages: Message[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const find = (type: string, frame?: number) =>
    messages.find((message) => message.type === type && (frame === undefined || message.frame === frame));
  const next = async (type: string, frame?: number): Promise<Message> => {
    await until(() => find(type, frame) !== undefined);
    return find(type, frame);
  };
  return { socket, messages, closed, next };
}

/** What a handshake is refused with. */
function refusal(path: string, protocol: string, headers = {}, on = server): Promise<{ status: number; code: string }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${on.port}${path}`, protocol, { headers });
    socket.once('open', () => reject(new Error('the handshake was not refused')));
    socket.once('error', () => undefined);
    socket.once('unexpected-response', (_request, response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        const { error } = JSON.parse(Buffer.concat(pieces).toString());
        resolve({ status: response.statusCode ?? 0, code: error.code });
      });
    });
  });
}

/** A frame behind a header. */
function headed(content: string, { kind = 1, w = 0, h = 0, flags = 0, pts = 1n } = {}): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt8(1, 0);
  header.writeUInt8(kind, 1);
  header.writeUInt16LE(w, 2);
  header.writeUInt16LE(h, 4);
  header.writeUInt16LE(flags, 6);
  header.writeBigUInt64LE(pts, 8);
  return Buffer.concat([header, Buffer.from(content)]);
}

test('a stream says hello, and answers a frame with tracked objects', async () => {
  const client = await open();
  expect(await client.next('hello')).toEqual({
    type: 'hello',
    stream: expect.stringMatching(/^s-[0-9a-f]{8}$/),
    model: 'finder',
    version: '1',
    device: expect.any(String),
    input: { w: 8, h: 8 },
    max_frame_bytes: 8 * 1024 * 1024,
    credit: 2,
    policy: 'latest',
  });
  client.socket.send(headed('box', { pts: 1_000_000n }));
  expect(await client.next('result', 1)).toEqual({
    type: 'result',
    frame: 1,
    pts_us: 1_000_000,
    objects: [
      {
        id: 1,
        label: expect.any(String),
        class: 0,
        confidence: 0.9,
        box: [1, 2, 3, 4],
        zones: [],
        first_frame: 1,
      },
    ],
    ms: {
      queue: expect.any(Number),
      decode: expect.any(Number),
      pre: expect.any(Number),
      infer: 2,
      post: 3,
      track: expect.any(Number),
    },
    dropped: 0,
    w: 640,
    h: 480,
  });
  expect(await client.next('event')).toMatchObject({ event: 'new', frame: 1, track: 1 });
  client.socket.close();
  await client.closed;
});

test('frames come with a header, bare, in base64 and as raw pixels, and are counted together', async () => {
  const client = await open();
  const frames = [
    headed('box', { pts: 5n }),
    Buffer.from('box'),
    JSON.stringify({ image: Buffer.from('box').toString('base64') }),
    headed('box', { kind: 3, w: 1, h: 1, pts: BigInt(2 ** 50) }),
  ];
  for (const [i, frame] of frames.entries()) {
    client.socket.send(frame);
    expect(await client.next('result', i + 1)).toMatchObject({ frame: i + 1, dropped: 0 });
  }
  client.socket.close();
  await client.closed;
});

test('under `latest` a newer frame replaces the one that waits, and every frame is answered or told as dropped once', async () => {
  const client = await open();
  client.socket.send('{"type":"config","seq":1,"track":false}');
  await client.next('ok');
  client.socket.send('sleep 300', { binary: true });
  for (let i = 2; i <= 9; i++) client.socket.send('box', { binary: true });
  const last = await client.next('result', 9);
  const first = await client.next('result', 1);
  expect(client.messages.filter(({ type }) => type === 'result').map(({ frame }) => frame)).toEqual([1, 9]);
  expect(client.messages.filter(({ type }) => type === 'drop')).toEqual([{ type: 'drop', from: 2, to: 8, reason: 'late' }]);
  expect([first.dropped, last.dropped]).toEqual([7, 0]);
  expect(last.objects[0].id).toBeUndefined();
  client.socket.close();
  await client.closed;
});

test('under `all` results come in the order of the frames, and more than the credit ends the stream with 1008', async () => {
  const client = await open();
  client.socket.send('{"type":"config","seq":7,"policy":"all","credit":3}');
  expect(await client.next('ok')).toEqual({ type: 'ok', seq: 7 });
  client.socket.send('sleep 200', { binary: true });
  client.socket.send('box', { binary: true });
  client.socket.send('box', { binary: true });
  await client.next('result', 3);
  expect(client.messages.filter(({ type }) => type === 'result').map(({ frame }) => frame)).toEqual([1, 2, 3]);
  client.socket.send('sleep 2000', { binary: true });
  for (let i = 0; i < 3; i++) client.socket.send('box', { binary: true });
  expect(await client.closed).toBe(1008);
  expect(await client.next('error')).toMatchObject({ code: 'credit', frame: 7 });
});

test.each([
  ['a picture that cannot be decoded', 'bad'],
  ['a header that ends too early', '\u0001\u0001'],
  ['an unknown kind', headed('box', { kind: 9 })],
  ['flags', headed('box', { flags: 1 })],
  ['raw pixels of another size', headed('box', { kind: 3, w: 0, h: 7 })],
  ['a time beyond all numbers', headed('box', { pts: 2n ** 63n })],
])('%s is a bad frame, and the stream goes on', async (_title, content) => {
  const client = await open();
  client.socket.send(content, { binary: true });
  if (String(content).includes('box') && Buffer.isBuffer(content) && content[1] === 3) {
    // Raw pixels are checked where they are decoded; the pretended engine takes any.
    await until(() => client.messages.length > 1);
  } else {
    expect(await client.next('error', 1)).toMatchObject({ code: 'bad_frame', error: expect.any(String) });
  }
  client.socket.send('box', { binary: true });
  await client.next('result', 2);
  client.socket.close();
  await client.closed;
});

test('a time that does not increase is a bad frame', async () => {
  const client = await open();
  client.socket.send(headed('box', { pts: 50n }));
  await client.next('result', 1);
  client.socket.send(headed('box', { pts: 50n }));
  expect(await client.next('error', 2)).toMatchObject({
    code: 'bad_frame',
    error: 'pts_us must increase: 50 came after 50',
  });
  client.socket.close();
  await client.closed;
});

test.each([
  ['{', 'bad_message'],
  ['[]', 'bad_message'],
  ['{"type":"shutdown"}', 'bad_message'],
  ['{"image":"***"}', 'bad_frame'],
  ['{"type":"config","seq":3,"policy":"oldest"}', 'bad_config'],
  ['{"type":"config","seq":3,"credit":0}', 'bad_config'],
  ['{"type":"config","seq":3,"__proto__":{"credit":1e9}}', 'bad_config'],
  ['{"type":"config","seq":3,"zones":[{"name":"a","points":[[0,0]]}]}', 'scene_bad'],
  ['{"type":"config","seq":3,"zones":[{"name":"a","points":[[0,0],[1,0],[1]]}]}', 'bad_config'],
  ['{"type":"config","seq":3,"lines":[{"name":"a","a":[0,0],"b":[0,0]}]}', 'scene_bad'],
])('the message %s is answered with %s, and the stream goes on', async (text, code) => {
  const client = await open();
  client.socket.send(text);
  const error = await client.next('error');
  expect(error).toMatchObject({ code, error: expect.any(String) });
  if (text.includes('"seq":3')) expect(error.seq).toBe(3);
  client.socket.send('{"type":"config","seq":4,"min_confidence":0.5}');
  expect(await client.next('ok')).toEqual({ type: 'ok', seq: 4 });
  client.socket.close();
  await client.closed;
});

test('zones are told by the bottom centre of a box, lines and labels are taken', async () => {
  const client = await open();
  const points = [
    [0, 0],
    [0.5, 0],
    [0.5, 0.5],
    [0, 0.5],
  ];
  const scene = { zones: [{ name: 'yard', points, dwell_s: 0 }], lines: [{ name: 'door', a: [0, 0.9], b: [1, 0.9] }] };
  client.socket.send(JSON.stringify({ type: 'config', seq: 1, ...scene }));
  await client.next('ok');
  client.socket.send('box', { binary: true });
  expect((await client.next('result', 1)).objects).toMatchObject([{ id: 1, zones: ['yard'] }]);
  expect(client.messages.filter(({ type }) => type === 'event').map(({ event, zone }) => [event, zone])).toEqual([
    ['new', undefined],
    ['enter', 'yard'],
  ]);
  client.socket.send('{"type":"config","seq":2,"labels":["nothing like it"],"track":false}');
  await until(() => client.messages.some(({ seq }) => seq === 2));
  client.socket.send('box', { binary: true });
  expect((await client.next('result', 2)).objects).toEqual([]);
  client.socket.close();
  await client.closed;
});

test.each([
  ['/v1/stream?model=nobody', 'onbox.v1.json', {}, 404, 'model-missing'],
  ['/v1/stream?model=namer', 'onbox.v1.json', {}, 400, 'task-mismatch'],
  ['/v1/stream?model=finder&x=1', 'onbox.v1.json', {}, 400, 'query-invalid'],
  ['/v1/detect', 'onbox.v1.json', {}, 404, 'route-unknown'],
  ['/v1/stream?model=finder', 'chat', {}, 400, 'protocol-unsupported'],
  ['/v1/stream?model=finder', 'onbox.v1.json', { Origin: 'http://evil.example' }, 403, 'origin-refused'],
  ['/v1/stream?model=finder', 'onbox.v1.json', { Host: 'evil.example' }, 403, 'host-refused'],
])('a handshake for %s, %s, %j is refused with %d %s', async (path, protocol, headers, status, code) => {
  expect(await refusal(path, protocol, headers)).toEqual({ status, code });
});

test('a plain request is told that the path is a WebSocket, and one for HTTP/2 is answered over HTTP/1.1', async () => {
  expect(await server.ask('GET', '/v1/stream')).toMatchObject({ status: 426, json: { error: { code: 'upgrade-required' } } });
  const headers = { Upgrade: 'h2c', Connection: 'Upgrade, HTTP2-Settings', 'HTTP2-Settings': '', 'Content-Type': 'image/png' };
  expect(await server.ask('POST', '/v1/detect?model=finder', 'box', headers)).toMatchObject({ status: 200 });
});

test('a frame of more than the limit closes the stream with 1009, and a client without the subprotocol is welcome', async () => {
  const client = await open();
  client.socket.send(Buffer.alloc(12 * 1024 * 1024, 1));
  expect(await client.closed).toBe(1009);
  const plain = new WebSocket(`ws://127.0.0.1:${server.port}/v1/stream?model=finder`);
  const [hello] = await new Promise<unknown[]>((resolve) => plain.once('message', (...message) => resolve(message)));
  expect(JSON.parse(String(hello)).type).toBe('hello');
  plain.close();
});

test('an engine that is killed costs no stream its frame', async () => {
  const client = await open();
  const { restarts } = server.engine.state;
  client.socket.send(`crash-once ${join(server.home, 'crashed')}`, { binary: true });
  expect(await client.next('result', 1)).toMatchObject({ frame: 1 });
  expect(server.engine.state.restarts).toBe(restarts + 1);
  client.socket.close();
  await client.closed;
});

test('streams get equal shares of a model that can do a part of what they send', async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => open()));
  const count = (client: Client) => client.messages.filter(({ type }) => type === 'result').length;
  let sending = true;
  const feeds = clients.map(async ({ socket }) => {
    while (sending) {
      socket.send('sleep 10', { binary: true });
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  });
  await until(() => clients.reduce((sum, client) => sum + count(client), 0) >= 160);
  sending = false;
  await Promise.all(feeds);
  const counts = clients.map(count);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(0.2 * Math.max(...counts));
  for (const { socket, closed } of clients) {
    socket.close();
    await closed;
  }
});

test('where a key is needed, a stream opens with it or with a ticket that is good for once', async () => {
  const keyFile = await writeKey(server.home, 'a-key-of-many-letters');
  const guarded = await startTestServer({ keyFile });
  const bearer = { Authorization: 'Bearer a-key-of-many-letters' };
  try {
    await until(() => guarded.engine.state.ready);
    expect((await guarded.ask('PUT', '/v1/models/finder', 'good detect', bearer)).status).toBe(201);
    expect(await refusal('/v1/stream', 'onbox.v1.json', {}, guarded)).toEqual({ status: 401, code: 'key-missing' });
    expect((await guarded.ask('POST', '/v1/tickets')).status).toBe(401);
    const { json, status } = await guarded.ask('POST', '/v1/tickets', undefined, bearer);
    expect([status, json.expires_s]).toEqual([201, 30]);
    const byTicket = await open(`?model=finder&ticket=${json.ticket}`, guarded);
    const again = `/v1/stream?ticket=${json.ticket}`;
    expect(await refusal(again, 'onbox.v1.json', {}, guarded)).toEqual({ status: 401, code: 'ticket-wrong' });
    const byKey = await open('?model=finder', guarded, bearer);
    byTicket.socket.close();
    byKey.socket.send('box', { binary: true });
    await byKey.next('result', 1);
    await Promise.all([guarded.stop(), byKey.closed]);
    expect(await byKey.closed).toBe(1012);
  } finally {
    await guarded.stop();
  }
});
