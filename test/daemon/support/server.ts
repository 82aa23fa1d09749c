// A whole server on a free port with pretended engine and compiler, in a home of its own.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../../daemon/log.js';
import { type RunningServer, type ServerOptions, startServer } from '../../../daemon/server.js';

export const registerFlags = ['-r', join(__dirname, 'register.js')] as const;

export function fakeChild(name: 'fake-engine' | 'fake-compiler') {
  return { script: join(__dirname, `${name}.ts`), args: ['0', '8'], nodeFlags: registerFlags };
}

export interface TestServer extends RunningServer {
  readonly home: string;
  readonly log: string[];
  /** Sends one request and reads the whole answer. */
  ask(method: string, path: string, body?: string | Uint8Array, headers?: Record<string, string>): Promise<TestAnswer>;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of every shape
  readonly json: any;
}

export async function temporaryFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'onbox-test-'));
}

export async function startTestServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const home = options.home ?? (await temporaryFolder());
  const log: string[] = [];
  const server = await startServer({
    home,
    host: '127.0.0.1',
    port: 0,
    isInsecure: false,
    keyFile: undefined,
    hosts: [],
    modelBytesMax: 1024 * 1024,
    log: createLog((line) => log.push(line)),
    engineChild: fakeChild('fake-engine'),
    compileChild: fakeChild('fake-compiler'),
    embedded: [],
    ...options,
    // A loaded machine takes its time to start a child.
    limits: { deadlineMs: 240_000, ...options.limits },
  });
  return {
    ...server,
    home,
    log,
    ask: (method, path, body, headers) => ask(server.port, method, path, body, headers),
    stop: async () => {
      await server.stop();
      if (options.home === undefined) await rm(home, { recursive: true, force: true });
    },
  };
}

/** Waits until a condition holds. */
export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 120_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (performance.now() < end) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the condition did not come to hold');
}

export function ask(
  port: number,
  method: string,
  path: string,
  body?: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<TestAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('end', () => {
        const text = Buffer.concat(pieces).toString('utf8');
        const isJson = incoming.headers['content-type']?.startsWith('application/json') ?? false;
        const json = isJson && text !== '' ? JSON.parse(text) : undefined;
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json });
      });
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** A multipart form of parts `[header lines, content]`. */
export function formOf(boundary: string, parts: readonly (readonly [headers: string, content: string])[]): string {
  const texts = parts.map(([headers, content]) => `--${boundary}\r\n${headers}\r\n\r\n${content}\r\n`);
  return `${texts.join('')}--${boundary}--\r\n`;
}

export async function writeKey(folder: string, key: string, mode = 0o600): Promise<string> {
  const path = join(folder, 'test-key');
  await writeFile(path, `${key}\n`, { mode });
  return path;
}
