// A daemon of its own for a benchmark: `onbox serve` as a user starts it, on a free port of loopback.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Agent, request } from 'node:http';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { OnboxError } from '../../../runtime/core/error.js';

type Headers = Readonly<Record<string, string>>;

export interface RunningDaemon {
  readonly pid: number;
  readonly port: number;
  /** Posts a picture and reads the whole answer. */
  post(
    path: string,
    picture: Uint8Array,
    agent: Agent,
    headers?: Headers,
  ): Promise<{ readonly status: number; readonly text: string }>;
  stop(): Promise<void>;
}

const daemonScript = resolve(__dirname, '..', '..', '..', 'daemon', 'main.js');
/** The first start in a home compiles the embedded models. */
const startMsMax = 10 * 60_000;
/** The daemon itself gives running requests half of it. */
const stopMsMax = 20_000;

/** @param home of the daemon, made if it is not there. @throws OnboxError `bench-daemon-failed` */
export async function startDaemon(home: string): Promise<RunningDaemon> {
  const child = spawn(process.execPath, [daemonScript, 'serve', '--port', '0'], {
    env: { ...process.env, ONBOX_HOME: home },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const port = await portOf(child, child.stdout);
    // What it says later is read too: a full pipe would stop it.
    child.stdout.resume();
    return {
      pid: child.pid ?? 0,
      port,
      post: (path, picture, agent, headers = {}) => post({ port, path, picture, agent, headers }),
      stop: () => stop(child),
    };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

/** The port in the line that says where the daemon listens. */
async function portOf(child: ChildProcess, output: Readable): Promise<number> {
  const timer = setTimeout(() => child.kill('SIGTERM'), startMsMax);
  try {
    for await (const line of createInterface({ input: output })) {
      const port = /^onbox serves on http:\/\/127\.0\.0\.1:(\d+)$/.exec(line)?.[1];
      if (port !== undefined) return Number(port);
    }
  } finally {
    clearTimeout(timer);
  }
  throw new OnboxError(`the daemon did not listen (exit code ${child.exitCode})`, { code: 'bench-daemon-failed' });
}

interface Post {
  readonly port: number;
  readonly path: string;
  readonly picture: Uint8Array;
  readonly agent: Agent;
  readonly headers: Headers;
}

function post({
  port,
  path,
  picture,
  agent,
  headers: more,
}: Post): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': picture.length, ...more };
  return new Promise((resolvePost, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('end', () => resolvePost({ status: incoming.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') }));
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(picture);
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  child.kill('SIGTERM');
  await once(child, 'exit');
  clearTimeout(timer);
}
