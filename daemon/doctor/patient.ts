// The machine that onbox runs on, as the checks see it.

import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { describeCpu, probeOpencl } from '../../runtime/index.js';
import { type Config, readConfig } from '../config/read.js';
import { fileErrorCode } from '../file-error.js';
import { describeBoard } from './board.js';
import type { DaemonStatus, Patient, User } from './check.js';
import { Files } from './files.js';
import { findUser } from './nodes.js';

const runTimeoutMs = 60_000;
const askTimeoutMs = 5000;

/** @param home the folder of models and keys */
export function thisMachine(environment: NodeJS.ProcessEnv, home: string, user: User): Patient {
  const files = new Files('/');
  const service = findUser(files, 'onbox');
  return {
    files,
    board: describeBoard(files),
    environment,
    arch: process.arch,
    nodeVersion: process.versions.node,
    home,
    users: service === undefined || service.uid === user.uid ? [user] : [user, service],
    now: new Date(),
    run: runProgram,
    cpu: describeCpu,
    opencl: () => probeOpencl({ environment }),
    config: (): Promise<Config> => readConfig({ home, environment, file: undefined, flag: () => undefined }),
    ask: askDaemon,
    tryListen,
  };
}

export function currentUser(name: string): User {
  return { name, uid: process.getuid?.() ?? 0, gids: process.getgroups?.() ?? [] };
}

/** Arguments never pass a shell. */
async function runProgram(program: string, ...args: readonly string[]): Promise<string | undefined> {
  const env = { ...process.env, LC_ALL: 'C' };
  return await new Promise((resolve) => {
    execFile(program, args, { timeout: runTimeoutMs, env }, (error, stdout, stderr) => {
      resolve(error === null ? `${stdout}${stderr}` : undefined);
    });
  });
}

/** Asks for the health of a daemon of this machine, without a key: that is enough for all but the names of models. */
async function askDaemon(host: string, port: number, isTls: boolean): Promise<DaemonStatus | undefined> {
  if (isTls || port === 0) return undefined;
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const url = `http://${name.includes(':') ? `[${name}]` : name}:${port}/v1/health`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(askTimeoutMs) });
    return readStatus(await answer.json());
  } catch {
    return undefined;
  }
}

/** Undefined for what is not onbox's: another program may listen there. */
function readStatus(body: unknown): DaemonStatus | undefined {
  const fields = (value: unknown): Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const { version, status, engine, devices, models } = fields(body);
  if (typeof version !== 'string' || typeof status !== 'string' || typeof engine !== 'object') return undefined;
  const parts = [devices, models].flatMap((list) => (Array.isArray(list) ? list.map(fields) : []));
  const complaints = parts
    .filter(({ ok }) => ok === false)
    .map(({ name, device, problem, cure }) => ({ name: String(name ?? device), problem: String(problem), cure: String(cure) }));
  return { version, status, complaints };
}

async function tryListen(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', (error) => resolve(fileErrorCode(error) ?? error.message));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}
