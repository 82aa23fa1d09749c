// Cases 35 to 40: WebSockets that flood, lie, stall and vanish.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { samplePicture } from '../../daemon/embedded/index.js';
import { until } from '../daemon/support/server.js';
import { attacked } from './support/attacked.js';
import { footprintOf, statusesOf } from './support/target.js';

const target = attacked();
const key = Buffer.alloc(16, 7).toString('base64');

interface Upgrade {
  readonly path?: string;
  readonly lines?: readonly string[];
}

/** Opens a raw WebSocket; `text` grows with what comes back. */
async function openRaw({
  path = '/v1/stream?model=shapes',
  lines = [],
}: Upgrade = {}): Promise<{ socket: Socket; text(): string; ended(): boolean }> {
  const socket = target().open();
  let text = '';
  let isOver = false;
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  socket.on('close', () => {
    isOver = true;
  });
  const head = [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket'];
  const usual = lines.length > 0 ? lines : [`Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13'];
  socket.write(`${[...head, ...usual].join('\r\n')}\r\n\r\n`);
  await until(() => text.includes('\r\n\r\n') || isOver);
  return { socket, text: () => text, ended: () => isOver };
}

/** One masked frame. */
function frame(opcode: number, payload: Uint8Array, { fin = true, reserved = 0, isMasked = true } = {}): Buffer {
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const length = Buffer.alloc(10);
  let size = 2;
  length[0] = first;
  const mask = isMasked ? 0x80 : 0;
  if (payload.byteLength < 126) length[1] = mask | payload.byteLength;
  else if (payload.byteLength < 65_536) {
    length[1] = mask | 126;
    length.writeUInt16BE(payload.byteLength, 2);
    size = 4;
  } else {
    length[1] = mask | 127;
    length.writeBigUInt64BE(BigInt(payload.byteLength), 2);
    size = 10;
  }
  // The mask of zeros leaves the payload as it is.
  return Buffer.concat([length.subarray(0, size), Buffer.alloc(isMasked ? 4 : 0), payload]);
}

/** The code of the close frame in what came back. */
function closeCode(text: string): number | undefined {
  const at = text.lastIndexOf('\x88');
  return at < 0 ? undefined : Buffer.from(text.slice(at + 2, at + 4), 'latin1').readUInt16BE();
}

test.each<[string, Upgrade, number]>([
  [
    'a foreign origin',
    { lines: [`Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13', 'Origin: http://evil.example'] },
    403,
  ],
  [
    'another subprotocol',
    { lines: [`Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Protocol: chat'] },
    400,
  ],
  ['a bad key', { lines: ['Sec-WebSocket-Key: short', 'Sec-WebSocket-Version: 13'] }, 400],
  ['no key', { lines: ['Sec-WebSocket-Version: 13'] }, 400],
  ['another version', { lines: [`Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 99'] }, 400],
  ['another path', { path: '/v1/detect' }, 404],
  ['an unknown model', { path: '/v1/stream?model=absent' }, 404],
])('35 an upgrade with %s is refused before it', async (_name, upgrade, status) => {
  const { text, socket } = await openRaw(upgrade);
  expect(statusesOf(text())).toEqual([status]);
  socket.destroy();
});

test('35 of 400 upgrades at once as many are let in as there may be streams, the others are told 503', async () => {
  const opened = await Promise.all(Array.from({ length: 400 }, () => openRaw()));
  const statuses = opened.flatMap(({ text }) => statusesOf(text()));
  expect(statuses.filter((status) => status === 101).length).toBeGreaterThan(0);
  expect(statuses.filter((status) => status !== 101 && status !== 503)).toEqual([]);
  for (const { socket } of opened) socket.destroy();
  // Their places are free again.
  await until(async () => {
    const { socket, text } = await openRaw();
    socket.destroy();
    return statusesOf(text())[0] === 101;
  });
});

const none = new Uint8Array(0);
test.each<[string, () => Buffer[], number]>([
  ['a message over the limit', () => [frame(2, new Uint8Array(12 * 1024 * 1024))], 1009],
  ['a message that declares 2^40 bytes', () => [Buffer.from([0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])], 1009],
  [
    '100,000 fragments',
    () => [frame(2, none, { fin: false }), ...new Array(100_000).fill(frame(0, Uint8Array.of(1), { fin: false }))],
    1008,
  ],
  ['a compressed message', () => [frame(1, Buffer.from('x'), { reserved: 4 })], 1002],
  ['no mask', () => [frame(1, Buffer.from('{}'), { isMasked: false })], 1002],
  ['invalid UTF-8', () => [frame(1, Buffer.from([0xc3, 0x28]))], 1007],
  ['a reserved opcode', () => [frame(3, none)], 1002],
  ['a ping of 200 bytes', () => [frame(9, new Uint8Array(200))], 1002],
  ['a close code that is none', () => [frame(8, Buffer.from([0, 1]))], 1002],
])('36 %s ends the connection with its code', async (_name, frames, code) => {
  const { socket, text, ended } = await openRaw();
  expect(statusesOf(text())).toEqual([101]);
  for (const each of frames()) socket.write(each);
  await until(() => closeCode(text()) === code || ended(), 60_000);
  expect(closeCode(text())).toBe(code);
  socket.destroy();
});

test('36 a flood of pings harms nobody', async () => {
  const { socket, text } = await openRaw();
  socket.pause();
  for (let i = 0; i < 200; i++) socket.write(Buffer.concat(new Array(500).fill(frame(9, randomBytes(100)))));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  socket.destroy();
  expect(statusesOf(text())).toEqual([101]);
});

test('37 a sender much faster than the model is told every drop, and nothing piles up', async () => {
  const picture = readFileSync(samplePicture());
  const socket = new WebSocket(`ws://127.0.0.1:${target().port}/v1/stream?model=shapes`, 'onbox.v1.json');
  const told = new Set<number>();
  socket.on('error', () => undefined);
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    if (message.type === 'result') told.add(message.frame);
    if (message.type === 'drop') for (let i = message.from; i <= message.to; i++) told.add(i);
  });
  await until(() => socket.readyState === WebSocket.OPEN);
  const before = footprintOf(target().pid).residentMb[0] ?? 0;
  const sent = 1200;
  for (let i = 0; i < sent; i++) {
    socket.send(picture);
    if (i % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await until(() => told.size === sent, 120_000);
  expect((footprintOf(target().pid).residentMb[0] ?? 0) - before).toBeLessThan(200);
  socket.close();
});

test('38 a client that never reads is ended, and its memory is bounded', async () => {
  const { socket, ended } = await openRaw();
  socket.pause();
  const config = frame(1, Buffer.from(JSON.stringify({ type: 'config', seq: 1, credit: 1 })));
  // Answers of some 20 bytes each fill the buffers of the kernel first.
  const flood = Buffer.concat(new Array(2000).fill(config));
  const fill = setInterval(() => socket.writableLength < 1e6 && socket.write(flood), 10);
  await until(() => ended() || socket.destroyed, 120_000);
  clearInterval(fill);
});

test.each([
  ['zones of a million points', `{"type":"config","seq":1,"zones":[{"name":"a","points":[${'[0,0],'.repeat(300_000)}[1,1]]}]}`],
  ['NaN', '{"type":"config","seq":1,"min_confidence":NaN}'],
  ['infinity', '{"type":"config","seq":1,"zones":[{"name":"a","points":[[1e400,0],[0,1],[1,1]]}]}'],
  ['a polygon of two points', '{"type":"config","seq":1,"zones":[{"name":"a","points":[[0,0],[1,1]]}]}'],
  ['an unknown field', '{"type":"config","seq":1,"zonse":[]}'],
  ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['a prototype', '{"type":"config","seq":1,"__proto__":{"policy":"all"}}'],
])('39 a config with %s is an error, and the stream goes on as it was', async (_name, config) => {
  const socket = new WebSocket(`ws://127.0.0.1:${target().port}/v1/stream?model=shapes`, 'onbox.v1.json');
  const kinds: string[] = [];
  socket.on('message', (data) => kinds.push(JSON.parse(String(data)).type));
  await until(() => kinds.includes('hello'));
  socket.send(config);
  await until(() => kinds.includes('error'));
  socket.send(readFileSync(samplePicture()));
  await until(() => kinds.includes('result'), 60_000);
  socket.close();
});

test('40 streams that vanish in mid-frame give back what they hold', async () => {
  const before = footprintOf(target().pid).handles;
  const picture = frame(2, readFileSync(samplePicture()));
  for (let i = 0; i < 40; i++) {
    const { socket } = await openRaw();
    socket.write(picture.subarray(0, picture.byteLength - (i % 2)));
    if (i % 4 < 2) socket.destroy();
    else socket.resetAndDestroy();
  }
  await until(() => footprintOf(target().pid).handles <= before + 2, 60_000);
});
