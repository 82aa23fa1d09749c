// `npm run bench -- serve`: a daemon on loopback under a bounded load of pictures for its embedded detector, over kept connections.

import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { samplePicture } from '../../daemon/embedded/index.js';
import { OnboxError } from '../../runtime/core/error.js';
import { parseCount, parseCounts, parseFlags } from './support/arguments.js';
import { openCache } from './support/cache.js';
import { type RunningDaemon, startDaemon } from './support/daemon.js';
import { describeMachine, printMachine } from './support/machine.js';
import { median, percentile } from './support/statistics.js';
import { type Column, printHeader, printMs, printRow } from './support/table.js';

const secondsDefault = 5;
const warmupSeconds = 1;

interface LoadRow {
  readonly clients: number;
  readonly seconds: number;
  /** Milliseconds from the request to the end of its answer. */
  readonly latencies: readonly number[];
}

const columns: readonly Column<LoadRow>[] = [
  { title: 'clients', width: 7, cell: (row) => String(row.clients) },
  { title: 'requests', width: 8, cell: (row) => String(row.latencies.length) },
  { title: 'requests/s', width: 10, cell: (row) => (row.latencies.length / row.seconds).toFixed(1) },
  { title: 'p50 ms', width: 7, cell: (row) => printMs(median(row.latencies)) },
  { title: 'p99 ms', width: 7, cell: (row) => printMs(percentile(row.latencies, 0.99)) },
];

/**
 * Prints a row for each count of clients, of which each sends its next picture when it has the answer to the last.
 * @param args `--clients 1,4`, `--seconds N`
 * @throws OnboxError `usage`, `cache-unsafe`, `bench-daemon-failed`, `bench-answer-wrong`
 */
export async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['clients', 'seconds']);
  const clientCounts = parseCounts('clients', flags.clients ?? '1,4', 64);
  const seconds = flags.seconds === undefined ? secondsDefault : parseCount('seconds', flags.seconds, 3600);
  const picture = await readFile(samplePicture());
  const home = join(await openCache(), 'home');
  print(printMachine(describeMachine()));
  const daemon = await startDaemon(home);
  try {
    await load(daemon, picture, 1, warmupSeconds);
    print(`POST /v1/detect, the sample picture of ${picture.length} bytes\n\n${printHeader(columns)}`);
    for (const clients of clientCounts) print(printRow(columns, await load(daemon, picture, clients, seconds)));
  } finally {
    await daemon.stop();
  }
}

async function load(daemon: RunningDaemon, picture: Uint8Array, clients: number, seconds: number): Promise<LoadRow> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const latencies: number[] = [];
  const start = performance.now();
  const client = async (): Promise<void> => {
    while (performance.now() - start < seconds * 1000) {
      const sent = performance.now();
      const { status, text } = await daemon.post('/v1/detect', picture, agent);
      latencies.push(performance.now() - sent);
      requireObjects(status, text);
    }
  };
  try {
    await Promise.all(Array.from({ length: clients }, client));
  } finally {
    agent.destroy();
  }
  return { clients, seconds: (performance.now() - start) / 1000, latencies };
}

/** An answer that finds nothing is no work done. */
function requireObjects(status: number, text: string): void {
  if (status === 200 && (JSON.parse(text) as { readonly objects: readonly unknown[] }).objects.length > 0) return;
  throw new OnboxError(`the daemon answered ${status}: ${text.slice(0, 200)}`, { code: 'bench-answer-wrong' });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
