// The daemon under attack: `onbox serve` as a process with its real engine, and what can be seen of it from outside.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { ask, registerFlags, type TestAnswer, until } from '../../daemon/support/server.js';

export interface Target {
  readonly pid: number;
  readonly port: number;
  readonly home: string;
  /** Everything that it wrote. */
  log(): string;
  ask(method: string, path: string, body?: string | Uint8Array, headers?: Record<string, string>): Promise<TestAnswer>;
  /** Opens a socket, from another address of loopback where `from` says so. */
  open(from?: string): Socket;
  /** Writes bytes as they are; what came back until the other side closed. */
  send(...pieces: readonly (string | Uint8Array)[]): Promise<string>;
  stop(): Promise<number | null>;
  readonly child: ChildProcess;
}

export interface TargetOptions {
  /** Of `onbox serve`. */
  readonly flags?: readonly string[];
  /** Settings, as ONBOX_HTTP_CONNECTIONS. */
  readonly environment?: Readonly<Record<string, string>>;
}

export async function startTarget(home: string, { flags = [], environment = {} }: TargetOptions = {}): Promise<Target> {
  const main = join(__dirname, '..', '..', '..', 'daemon', 'main.ts');
  const child = spawn(process.execPath, [...registerFlags, main, 'serve', '--port', '0', ...flags], {
    env: { ...process.env, ...environment, ONBOX_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  // The first start in a fresh home compiles the embedded models.
  await until(() => output.includes('try next:') || child.exitCode !== null, 280_000);
  const port = Number(/onbox serves on https?:\/\/[^:]+:([0-9]+)\n/.exec(output)?.[1]);
  if (!(port > 0)) throw new Error(`the daemon did not start: ${output.slice(-2000)}`);
  return {
    pid: child.pid ?? 0,
    port,
    home,
    child,
    log: () => output,
    ask: (method, path, body, headers) => ask(port, method, path, body, headers),
    open: (from) => openSocket(port, from),
    send: (...pieces) => sendRaw(port, pieces),
    stop: () => stop(child),
  };
}

function openSocket(port: number, from = '127.0.0.1'): Socket {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from });
  socket.on('error', () => undefined);
  return socket;
}

function sendRaw(port: number, pieces: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = openSocket(port);
  for (const piece of pieces) socket.write(piece);
  return readToEnd(socket);
}

/** What comes until the other side closes. */
export function readToEnd(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
    });
    socket.on('close', () => resolve(text));
  });
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
  return child.exitCode;
}

/** The status of each answer in what `send` gave back. */
export function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 ([0-9]{3}) [^\r\n]*\r\n/g)].map((match) => Number(match[1]));
}

export function isOneOf(status: number, allowed: readonly number[]): boolean {
  return allowed.includes(status);
}

export interface Footprint {
  /** Of the supervisor and its engine, in MiB. */
  readonly residentMb: readonly number[];
  readonly handles: number;
  readonly threads: number;
}

/** What the supervisor holds now. */
export function footprintOf(pid: number): Footprint {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  return {
    residentMb: [pid, ...children].map(residentMb),
    handles: readdirSync(`/proc/${pid}/fd`).length,
    threads: readdirSync(`/proc/${pid}/task`).length,
  };
}

function residentMb(pid: number): number {
  try {
    return Number(/VmRSS:\s+([0-9]+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    // It has just ended.
    return 0;
  }
}

export interface Bystander {
  readonly failures: readonly string[];
  answers(): number;
  stop(): Promise<void>;
}

/** The second client: it asks for a picture and for life all the time, and notes what does not go well. */
export function startBystander(port: number, picture: Uint8Array): Bystander {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const failures: string[] = [];
  let count = 0;
  let isOver = false;
  const loop = (async () => {
    while (!isOver) {
      const detect = await post(port, agent, 'POST', '/v1/detect?model=shapes', picture);
      const live = await post(port, agent, 'GET', '/v2/health/live');
      if (detect !== 200) failures.push(`detect: ${detect}`);
      if (live !== 200) failures.push(`live: ${live}`);
      count++;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    agent.destroy();
  })();
  return {
    failures,
    answers: () => count,
    stop: async () => {
      isOver = true;
      await loop;
    },
  };
}

function post(port: number, agent: Agent, method: string, path: string, body?: Uint8Array): Promise<number | string> {
  return new Promise((resolve) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, agent }, (incoming) => {
      incoming.resume().on('end', () => resolve(incoming.statusCode ?? 0));
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // A kept connection that the server ended just then is every client's business; what was not sent is sent again.
      if (outgoing.reusedSocket && error.code === 'ECONNRESET') resolve(post(port, agent, method, path, body));
      else resolve(error.message);
    });
    outgoing.end(body);
  });
}
