// `npm run bench -- streams`: cameras at a model that can do a part of what they send. Does each get its share, do results stay new, and
// is every frame that was left out told?

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { samplePicture } from '../../daemon/embedded/index.js';
import { OnboxError } from '../../runtime/core/error.js';
import { parseCount, parseFlags } from './support/arguments.js';
import { openCache } from './support/cache.js';
import { startDaemon } from './support/daemon.js';
import { describeMachine, printMachine } from './support/machine.js';
import { median, percentile } from './support/statistics.js';
import { type Column, printHeader, printMs, printRow } from './support/table.js';

/** How much more is sent than the model can do. */
const overload = 5;
/** For measuring what the model can do. */
const capacitySeconds = 4;
/** The longest wait for what is still in work when the cameras stop. */
const settleMs = 30_000;

interface Camera {
  readonly socket: WebSocket;
  readonly sentAt: number[];
  /** From sending a frame to its result, in ms, with the time of the result. */
  readonly results: { readonly frame: number; readonly latency: number }[];
  dropped: number;
}

interface StreamRow {
  readonly stream: number;
  readonly sent: number;
  readonly answered: number;
  readonly dropped: number;
  readonly first_half_ms: number;
  readonly second_half_ms: number;
  readonly p99_ms: number;
}

const columns: readonly Column<StreamRow>[] = [
  { title: 'stream', width: 6, cell: (row) => String(row.stream) },
  { title: 'sent', width: 6, cell: (row) => String(row.sent) },
  { title: 'answered', width: 8, cell: (row) => String(row.answered) },
  { title: 'dropped', width: 7, cell: (row) => String(row.dropped) },
  { title: '1st half ms', width: 11, cell: (row) => printMs(row.first_half_ms) },
  { title: '2nd half ms', width: 11, cell: (row) => printMs(row.second_half_ms) },
  { title: 'p99 ms', width: 7, cell: (row) => printMs(row.p99_ms) },
];

/**
 * Prints a row for each stream: its frames, and the medians of the time from a frame to its result in both halves of the run.
 * @param args `--streams N`, `--seconds N`, `--json FILE`
 * @throws OnboxError `usage`, `cache-unsafe`, `bench-daemon-failed`, `bench-answer-wrong` if a frame is neither answered nor told
 */
export async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['streams', 'seconds', 'json']);
  const count = parseCount('streams', flags.streams ?? '16', 64);
  const seconds = parseCount('seconds', flags.seconds ?? '20', 3600);
  const picture = await readFile(samplePicture());
  const daemon = await startDaemon(join(await openCache(), 'home'));
  const machine = describeMachine();
  print(printMachine(machine));
  try {
    const capacity = await capacityOf(daemon.port, picture);
    const framesPerS = (overload * capacity) / count;
    print(
      `the model does ${capacity.toFixed(1)} frames/s; ${count} streams send ${framesPerS.toFixed(1)} each, ${overload} times as many\n`,
    );
    const cameras = await Promise.all(Array.from({ length: count }, () => openCamera(daemon.port)));
    await shoot(cameras, picture, framesPerS, seconds);
    await settle(cameras);
    const rows = cameras.map((camera, index) => rowOf(camera, index + 1));
    print(printHeader(columns));
    for (const row of rows) print(printRow(columns, row));
    print(`\n${printShares(rows)}`);
    for (const { socket } of cameras) socket.close();
    if (flags.json !== undefined) {
      await writeFile(flags.json, `${JSON.stringify({ machine, capacity, framesPerS, seconds, rows }, undefined, 2)}\n`);
    }
  } finally {
    await daemon.stop();
  }
}

async function openCamera(port: number): Promise<Camera> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/stream?model=shapes`, 'onbox.v1.json');
  const camera: Camera = { socket, sentAt: [0], results: [], dropped: 0 };
  socket.on('message', (data) => {
    const { type, frame, from, to } = JSON.parse(String(data)) as Record<'type' | 'frame' | 'from' | 'to', never>;
    if (type === 'result') camera.results.push({ frame, latency: performance.now() - (camera.sentAt[frame] ?? Number.NaN) });
    if (type === 'drop') camera.dropped += to - from + 1;
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return camera;
}

function send(camera: Camera, picture: Uint8Array): void {
  camera.sentAt.push(performance.now());
  camera.socket.send(picture);
}

/** Frames per second of several streams that always have one waiting. */
async function capacityOf(port: number, picture: Uint8Array): Promise<number> {
  const cameras = await Promise.all(Array.from({ length: 4 }, () => openCamera(port)));
  for (const camera of cameras) {
    // Two at a time, the next for each that is answered.
    camera.socket.send('{"type":"config","policy":"all","credit":2}');
    camera.socket.on('message', (data) => {
      if (String(data).startsWith('{"type":"result"')) send(camera, picture);
    });
    send(camera, picture);
    send(camera, picture);
  }
  const answered = (): number => cameras.reduce((sum, { results }) => sum + results.length, 0);
  await pause(1000);
  const before = answered();
  const start = performance.now();
  await pause(capacitySeconds * 1000);
  const rate = ((answered() - before) / (performance.now() - start)) * 1000;
  for (const { socket } of cameras) socket.terminate();
  return rate;
}

/** Each camera sends at its rate, one after the other within a period. What the clock made late is sent at once. */
async function shoot(cameras: readonly Camera[], picture: Uint8Array, framesPerS: number, seconds: number): Promise<void> {
  const start = performance.now();
  const periodMs = 1000 / framesPerS;
  const total = Math.floor(seconds * framesPerS) * cameras.length;
  for (let next = 0; next < total; ) {
    const due = Math.floor(((performance.now() - start) / periodMs) * cameras.length);
    for (; next < Math.min(due, total); next++) send(cameras[next % cameras.length] as Camera, picture);
    await pause(1);
  }
}

async function settle(cameras: readonly Camera[]): Promise<void> {
  const end = performance.now() + settleMs;
  const open = (): number =>
    cameras.reduce((sum, { sentAt, results, dropped }) => sum + sentAt.length - 1 - results.length - dropped, 0);
  while (open() > 0) {
    if (performance.now() > end) {
      throw new OnboxError(`${open()} frames were neither answered nor told as dropped`, { code: 'bench-answer-wrong' });
    }
    await pause(50);
  }
}

function rowOf({ sentAt, results, dropped }: Camera, stream: number): StreamRow {
  const latencies = results.map(({ latency }) => latency);
  const middle = latencies.length >> 1;
  return {
    stream,
    sent: sentAt.length - 1,
    answered: results.length,
    dropped,
    first_half_ms: median(latencies.slice(0, middle)),
    second_half_ms: median(latencies.slice(middle)),
    p99_ms: percentile(latencies, 0.99),
  };
}

function printShares(rows: readonly StreamRow[]): string {
  const counts = rows.map(({ answered }) => answered);
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const off = Math.max(...counts.map((count) => Math.abs(count - mean))) / mean;
  const first = median(rows.map((row) => row.first_half_ms));
  const second = median(rows.map((row) => row.second_half_ms));
  return [
    `shares: ${mean.toFixed(1)} frames each, at most ${(off * 100).toFixed(1)} % off`,
    `latency: median ${printMs(first)} ms in the first half, ${printMs(second)} ms in the second`,
    'every frame was answered or told as dropped',
  ].join('\n');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
