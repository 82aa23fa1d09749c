// `npm run bench -- soak`: a daemon under mixed clients for a long time: pictures, KServe tensors, streams, uploads that are refused, and
// an engine that is killed now and then. Prints what the supervisor and the engine hold, and fails on a request that was lost or wrong.

import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { samplePicture } from '../../daemon/embedded/index.js';
import { OnboxError } from '../../runtime/core/error.js';
import { parseCount, parseFlags } from './support/arguments.js';
import { openCache } from './support/cache.js';
import { type RunningDaemon, startDaemon } from './support/daemon.js';
import { describeMachine, printMachine } from './support/machine.js';
import { type Column, printHeader, printRow } from './support/table.js';

const minutesDefault = 20;
const rowsMax = 20;
const answersBetweenKills = 20;
/** A killed engine has until then to be followed by the next. */
const restartMsMax = 60_000;

interface SoakRow {
  readonly seconds: number;
  readonly answers: number;
  readonly frames: number;
  readonly kills: number;
  readonly supervisorMb: number;
  readonly engineMb: number;
  readonly handles: number;
  readonly threads: number;
}

const columns: readonly Column<SoakRow>[] = [
  { title: 'seconds', width: 7, cell: (row) => row.seconds.toFixed(0) },
  { title: 'answers', width: 8, cell: (row) => String(row.answers) },
  { title: 'frames', width: 7, cell: (row) => String(row.frames) },
  { title: 'kills', width: 5, cell: (row) => String(row.kills) },
  { title: 'supervisor MB', width: 13, cell: (row) => row.supervisorMb.toFixed(1) },
  { title: 'engine MB', width: 9, cell: (row) => row.engineMb.toFixed(1) },
  { title: 'handles', width: 7, cell: (row) => String(row.handles) },
  { title: 'threads', width: 7, cell: (row) => String(row.threads) },
];

interface Counts {
  answers: number;
  frames: number;
  kills: number;
}

/**
 * @param args `--minutes N`, `--kills N`: how often the engine is killed, evenly over the time
 * @throws OnboxError `usage`, `bench-daemon-failed`, `bench-answer-wrong`
 */
export async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['minutes', 'kills']);
  const minutes = flags.minutes === undefined ? minutesDefault : parseCount('minutes', flags.minutes, 10_000);
  const kills = flags.kills === undefined ? 0 : parseCount('kills', flags.kills, 100_000);
  const picture = await readFile(samplePicture());
  print(printMachine(describeMachine()));
  const daemon = await startDaemon(join(await openCache(), 'home'));
  const end = performance.now() + minutes * 60_000;
  const counts: Counts = { answers: 0, frames: 0, kills: 0 };
  try {
    print(printHeader(columns));
    const clients = [
      ask(daemon, '/v1/detect?model=shapes', { body: picture }, counts, end),
      ask(daemon, '/v1/classify?model=shapes-classify', { body: picture }, counts, end),
      ask(daemon, '/v2/models/shapes/infer', tensorRequest(picture), counts, end),
      upload(daemon, counts, end),
      stream(daemon, picture, counts, end),
      killEngines(daemon, kills, counts, end),
      watch(daemon, counts, end),
    ];
    await Promise.all(clients);
  } finally {
    await daemon.stop();
  }
}

interface Ask {
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The same request again and again; its answer, without its times, must stay what it was at first. */
async function ask(daemon: RunningDaemon, path: string, { body, headers }: Ask, counts: Counts, end: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let first: string | undefined;
  while (performance.now() < end) {
    const { status, text } = await daemon.post(path, body, agent, headers);
    const answer = text.replace(/"ms":\{[^}]*\}/, '');
    first ??= answer;
    if (status !== 200 || answer !== first) throw wrong(`${path} answered ${status}: ${text.slice(0, 200)}`);
    counts.answers++;
  }
  agent.destroy();
}

async function upload(daemon: RunningDaemon, counts: Counts, end: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const noise = Buffer.alloc(4 * 1024 * 1024, 'no picture');
  while (performance.now() < end) {
    const { status } = await daemon.post('/v1/detect?model=shapes', noise, agent);
    if (status !== 400) throw wrong(`noise was answered with ${status}`);
    counts.answers++;
    await pause(200);
  }
  agent.destroy();
}

/** Streams of a minute each, at ten frames a second. */
async function stream(daemon: RunningDaemon, picture: Uint8Array, counts: Counts, end: number): Promise<void> {
  while (performance.now() < end) {
    const socket = new WebSocket(`ws://127.0.0.1:${daemon.port}/v1/stream?model=shapes`, 'onbox.v1.json');
    const told = new Set<number>();
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'result') told.add(message.frame);
      if (message.type === 'drop') for (let frame = message.from; frame <= message.to; frame++) told.add(frame);
    });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const until = Math.min(end, performance.now() + 60_000);
    let sent = 0;
    for (; performance.now() < until; sent++) {
      socket.send(picture);
      await pause(100);
    }
    const deadline = performance.now() + restartMsMax;
    while (told.size < sent && performance.now() < deadline) await pause(50);
    if (told.size !== sent) throw wrong(`of ${sent} frames ${told.size} were answered or told as dropped`);
    counts.frames += sent;
    socket.close();
  }
}

async function killEngines(daemon: RunningDaemon, kills: number, counts: Counts, end: number): Promise<void> {
  const periodMs = (end - performance.now()) / (kills + 1);
  while (counts.kills < kills && performance.now() < end) {
    const answered = counts.answers;
    await pause(periodMs);
    // Whoever is killed before it could do anything says nothing about lost requests, and a request alone with three such is given up.
    while (counts.answers < answered + answersBetweenKills && performance.now() < end) await pause(50);
    const engine = engineOf(daemon.pid);
    if (engine === undefined) continue;
    process.kill(engine, 'SIGKILL');
    counts.kills++;
  }
}

async function watch(daemon: RunningDaemon, counts: Counts, end: number): Promise<void> {
  const start = performance.now();
  const periodMs = (end - start) / rowsMax;
  while (performance.now() < end) {
    await pause(periodMs);
    const engine = engineOf(daemon.pid);
    const row: SoakRow = {
      ...counts,
      seconds: (performance.now() - start) / 1000,
      supervisorMb: residentMb(daemon.pid),
      engineMb: engine === undefined ? 0 : residentMb(engine),
      handles: readdirSync(`/proc/${daemon.pid}/fd`).length,
      threads: readdirSync(`/proc/${daemon.pid}/task`).length,
    };
    print(printRow(columns, row));
  }
}

/** The picture as an encoded image in a BYTES tensor, which carries its length before it. */
function tensorRequest(picture: Uint8Array): { readonly body: Uint8Array; readonly headers: Readonly<Record<string, string>> } {
  const parameters = { binary_data_size: picture.byteLength + 4 };
  const head = Buffer.from(JSON.stringify({ inputs: [{ name: 'images', datatype: 'BYTES', shape: [1], parameters }] }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(picture.byteLength);
  return {
    body: Buffer.concat([head, length, picture]),
    headers: { 'Inference-Header-Content-Length': String(head.byteLength) },
  };
}

function engineOf(pid: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? undefined : Number(children.split(' ')[0]);
}

function residentMb(pid: number): number {
  try {
    return Number(/VmRSS:\s+([0-9]+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    // The engine has just been killed.
    return 0;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function wrong(message: string): OnboxError {
  return new OnboxError(message, { code: 'bench-answer-wrong' });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
