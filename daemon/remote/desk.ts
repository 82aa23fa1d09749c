// The desk's end of a command that runs on a box: starts the owner's own ssh, with its configuration, keys and agent, sends what the box
// lacks, and goes on where it was when the link breaks.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { OnboxError } from '../../runtime/index.js';
import type { Terminal } from '../commands/command.js';
import { plainText } from '../log.js';
import { printRequest, protocolVersion, type RemoteFrame, type RemoteRequest } from './protocol.js';

export interface Errand {
  /** As ssh takes it: an alias, `user@box`, or `ssh://user@box:port`. */
  readonly host: string;
  readonly request: RemoteRequest;
  /** Paths here, in the order of the request. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** What scp sets too: nothing of the owner's configuration that would get between. */
const sshOptions = [
  '-T',
  '-x',
  '-oPermitLocalCommand=no',
  '-oClearAllForwardings=yes',
  '-oRemoteCommand=none',
  '-oRequestTTY=no',
] as const;

/** Between attempts after a link that broke, in ms. */
const retryPausesMs: readonly number[] = [500, 1000, 2000, 4000, 8000, 16_000];

interface Outcome {
  /** Undefined if the link broke before the command had ended. */
  readonly exit: number | undefined;
  /** How far it came. */
  readonly reached: 'nothing' | 'upload' | 'command';
  readonly job: string | undefined;
  /** Of ssh. */
  readonly sshCode: number | null;
}

/**
 * Runs a command on a box.
 * @returns its exit code
 * @throws OnboxError `ssh-failed` if the box cannot be reached, or the link broke in something that cannot be taken up
 */
export async function runErrand(errand: Errand, terminal: Terminal): Promise<number> {
  let job: string | undefined;
  let wasThere = false;
  for (let attempt = 0; ; attempt++) {
    const request = job === undefined ? errand.request : { ...errand.request, job };
    const outcome = await runOnce({ ...errand, request }, terminal);
    if (outcome.exit !== undefined) return outcome.exit;
    wasThere ||= outcome.reached !== 'nothing';
    job = outcome.job ?? job;
    // A command that has begun is not run twice, unless it is a job that can be followed again.
    const canGoOn = job !== undefined || (wasThere && outcome.reached !== 'command');
    const pause = retryPausesMs[attempt];
    if (!canGoOn || pause === undefined || terminal.closed.aborted) throw failure(errand.host, outcome, job);
    terminal.err(`onbox: the link to ${plainText(errand.host)} broke; trying again\n`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

async function runOnce(errand: Errand, terminal: Terminal): Promise<Outcome> {
  const { host, request, outputs } = errand;
  const child = spawn('ssh', [...sshOptions, '--', host, `onbox remote ${printRequest(request)}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: terminal.environment,
  });
  const ended = once(child, 'close').catch((cause: unknown) => {
    throw new OnboxError('ssh cannot be started; install openssh-client', { code: 'ssh-failed', cause });
  });
  let reached: Outcome['reached'] = 'nothing';
  let exit: number | undefined;
  let job: string | undefined;
  let sending: Promise<void> = Promise.resolve();
  // A link that breaks is seen at its end, not here.
  child.stdin?.on('error', () => undefined);
  for await (const line of createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> })) {
    const frame = parseFrame(line);
    if (frame === undefined) continue;
    if ('have' in frame) {
      if (frame.protocol !== protocolVersion) throw otherVersion(host, frame.onbox);
      reached = 'upload';
      sending = sendInputs(errand, frame.have, child);
    } else if (reached === 'nothing') continue;
    else if ('exit' in frame) exit = frame.exit;
    else {
      reached = 'command';
      if ('out' in frame) terminal.out(frame.out);
      else if ('err' in frame) terminal.err(frame.err);
      else if ('job' in frame) job = frame.job;
      else await writeFile(outputs[frame.output] ?? '/dev/null', Buffer.from(frame.data, 'base64'));
    }
  }
  const [sshCode] = (await ended) as [number | null];
  await sending;
  return { exit, reached, job, sshCode };
}

/** The bytes that the box lacks. Stdin stays open behind them: its end tells the box that the desk is gone. */
async function sendInputs({ inputs, request }: Errand, have: readonly number[], { stdin }: ChildProcess): Promise<void> {
  for (const [i, path] of inputs.entries()) {
    const start = have[i] ?? 0;
    const { bytes } = request.inputs[i] ?? { bytes: 0 };
    if (start >= bytes) continue;
    for await (const piece of createReadStream(path, { start, end: bytes - 1 })) {
      if (stdin === null || stdin.destroyed) return;
      if (!stdin.write(piece)) await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]).catch(() => undefined);
    }
  }
}

/** What a login script prints is no frame. */
function parseFrame(line: string): RemoteFrame | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as RemoteFrame) : undefined;
  } catch {
    return undefined;
  }
}

function failure(host: string, { sshCode, reached }: Outcome, job: string | undefined): OnboxError {
  const box = plainText(host);
  if (job !== undefined) {
    const again = `onbox jobs follow ${plainText(job)} --host ${box}`;
    return new OnboxError(`the link to ${box} broke; the job goes on there, see: ${again}`, { code: 'ssh-failed' });
  }
  if (reached === 'nothing' && (sshCode === 127 || sshCode === 126)) {
    return new OnboxError(`there is no onbox on the PATH of ${box}, as ssh sees it`, { code: 'ssh-failed' });
  }
  const what = reached === 'nothing' ? `no link to ${box}` : `the link to ${box} broke`;
  return new OnboxError(`${what}: ssh ended with ${sshCode ?? 'a signal'}`, { code: 'ssh-failed' });
}

function otherVersion(host: string, version: string): OnboxError {
  return new OnboxError(`onbox on ${plainText(host)} is version ${plainText(version)}; both machines need the same`, {
    code: 'ssh-failed',
  });
}
