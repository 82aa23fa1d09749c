// `npm run bench -- overhead`: what HTTP and the engine's process add to a picture's way, and what of the model's throughput is left.

import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import sharp from 'sharp';
import { samplePicture } from '../../daemon/embedded/index.js';
import { ModelStore } from '../../daemon/store/store.js';
import { OnboxError } from '../../runtime/core/error.js';
import { openModel } from '../../runtime/vision/model.js';
import { parseCount, parseFlags } from './support/arguments.js';
import { openCache } from './support/cache.js';
import { type RunningDaemon, startDaemon } from './support/daemon.js';
import { describeMachine, printMachine } from './support/machine.js';
import { median, percentile } from './support/statistics.js';
import { printMs } from './support/table.js';

/** Of the picture that is sent, in bytes. */
const pictureBytes = 100_000;
const warmUp = 30;
/** Requests under way while the daemon is saturated. */
const clients = 4;
/** Turns of each side, so that a machine that slows down meets both. */
const rounds = 5;

/**
 * Prints the overhead of a request (the time at the client less what the answer tells of decode, queue, infer and post), and the
 * throughput of the saturated daemon beside that of calling the model in a loop in this process.
 * @param args `--requests N`, `--seconds N` of each turn
 * @throws OnboxError `usage`, `cache-unsafe`, `bench-daemon-failed`, `bench-answer-wrong`
 */
export async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['requests', 'seconds']);
  const requests = parseCount('requests', flags.requests ?? '300', 100_000);
  const seconds = parseCount('seconds', flags.seconds ?? '3', 600);
  const picture = await jpegOf(pictureBytes);
  const home = join(await openCache(), 'home');
  const daemon = await startDaemon(home);
  print(`${printMachine(describeMachine())}\nPOST /v1/detect?model=shapes, a JPEG of ${picture.length} bytes\n`);
  try {
    await printOverhead(daemon, picture, requests);
    await printThroughput(daemon, (await new ModelStore(home).find('shapes')).module, picture, seconds);
  } finally {
    await daemon.stop();
  }
}

/** The sample on a ground of noise, as large as it must be to weigh what is asked. */
async function jpegOf(bytes: number): Promise<Buffer> {
  const sample = await readFile(samplePicture());
  let best = Buffer.alloc(0);
  for (let quality = 100; quality >= 60; quality -= 2) {
    const jpeg = await sharp(sample).resize(1280, 960).jpeg({ quality }).toBuffer();
    if (best.length === 0 || Math.abs(jpeg.length - bytes) < Math.abs(best.length - bytes)) best = jpeg;
  }
  return best;
}

interface Answer {
  readonly ms: Readonly<Record<'decode' | 'queue' | 'infer' | 'post', number>>;
}

async function ask(daemon: RunningDaemon, picture: Uint8Array, agent: Agent): Promise<Answer> {
  const { status, text } = await daemon.post('/v1/detect?model=shapes', picture, agent);
  if (status !== 200)
    throw new OnboxError(`the daemon answered ${status}: ${text.slice(0, 200)}`, { code: 'bench-answer-wrong' });
  return JSON.parse(text) as Answer;
}

async function printOverhead(daemon: RunningDaemon, picture: Uint8Array, requests: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const overheads: number[] = [];
  const totals: number[] = [];
  for (let i = 0; i < warmUp + requests; i++) {
    const start = performance.now();
    const { ms } = await ask(daemon, picture, agent);
    const total = performance.now() - start;
    if (i < warmUp) continue;
    totals.push(total);
    overheads.push(total - ms.decode - ms.queue - ms.infer - ms.post);
  }
  agent.destroy();
  print(
    `overhead of a request: median ${printMs(median(overheads))} ms, least ${printMs(Math.min(...overheads))}, p99 ${printMs(percentile(overheads, 0.99))}; whole: median ${printMs(median(totals))} ms`,
  );
}

/** In turns, because a machine changes its pace. */
async function printThroughput(daemon: RunningDaemon, module: string, picture: Uint8Array, seconds: number): Promise<void> {
  const model = await openModel(module);
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const served: number[] = [];
  const called: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      served.push(await rateOf(clients, seconds, () => ask(daemon, picture, agent)));
      called.push(await rateOf(1, seconds, () => model.detect(picture)));
    }
  } finally {
    agent.destroy();
    await model.close();
  }
  const shares = served.map((rate, index) => rate / (called[index] as number));
  print(
    `saturated by ${clients} clients: ${median(served).toFixed(1)} pictures/s; the model in a loop: ${median(called).toFixed(1)}/s; share ${(median(shares) * 100).toFixed(1)} % (median of ${rounds} turns)`,
  );
}

/** Calls per second of so many callers, each with one call at a time. */
async function rateOf(callers: number, seconds: number, call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  const end = start + seconds * 1000;
  let calls = 0;
  const caller = async (): Promise<void> => {
    for (; performance.now() < end; calls++) await call();
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return (calls / (performance.now() - start)) * 1000;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
