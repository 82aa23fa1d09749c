// What systemd is told of the service, where it asks for it: ready, still alive, stopping. The words go through a small program, because
// Node has no datagrams of Unix sockets and this process loads no native code.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Log } from './log.js';
import { packageFolder } from './root.js';

export interface Notifier {
  /** One assignment of sd_notify, as `READY=1`. */
  tell(state: string): void;
  /** Nothing more will be told. */
  close(): void;
  /** How long systemd waits for a sign of life, in ms; undefined if it does not. */
  readonly watchdogMs: number | undefined;
}

/** Without a systemd that listens, nothing is told. */
export function createNotifier(environment: NodeJS.ProcessEnv, log: Log): Notifier {
  const socket = environment['NOTIFY_SOCKET'];
  if (socket === undefined || socket === '') return { tell: () => undefined, close: () => undefined, watchdogMs: undefined };
  const program = join(packageFolder(), 'addon', 'build', 'Release', 'notify');
  const child = spawn(program, [], { env: { NOTIFY_SOCKET: socket }, stdio: ['pipe', 'ignore', 'inherit'] });
  const fail = (error: Error): void => log('notify-failed', { program, reason: error.message });
  child.on('error', fail);
  const onExit = (code: number | null): void => log('notify-ended', { code });
  child.on('exit', onExit);
  // Its end is told by 'exit'.
  child.stdin.on('error', () => undefined);
  child.unref();
  return {
    tell: (state) => {
      if (child.stdin.writable) child.stdin.write(`${state.replaceAll('\n', ' ')}\n`);
    },
    close: () => {
      child.off('exit', onExit);
      child.stdin.end();
    },
    watchdogMs: watchdogOf(environment),
  };
}

/** WATCHDOG_PID names the process that is watched: children inherit the variables. */
function watchdogOf(environment: NodeJS.ProcessEnv): number | undefined {
  const microseconds = Number(environment['WATCHDOG_USEC']);
  const pid = environment['WATCHDOG_PID'];
  if (!Number.isSafeInteger(microseconds) || microseconds <= 0) return undefined;
  return pid === undefined || pid === String(process.pid) ? microseconds / 1000 : undefined;
}
