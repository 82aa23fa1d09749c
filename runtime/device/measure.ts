// Runs candidates on the device and times them, in a child process: one that crashes, hangs or computes something else is told as
// such, and the others are measured by another child.

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { OnboxError } from '../core/error.js';
import type { FromMeasurer, Measured, MeasureRequest, ToMeasurer } from './measure-messages.js';

export interface MeasureOptions {
  /** For one candidate, and for the start of a child; then it is killed. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The child's script, and what Node needs to run it: those of this process where they are absent. */
  readonly child?: { readonly script: string; readonly nodeFlags: readonly string[] };
}

/** The last words of a child that crashed, in characters. */
const lastWordsMax = 2000;

/**
 * Measures all candidates of a request, in order.
 * @returns by candidate; fewer of them if `signal` aborts
 * @throws OnboxError `measure-failed` if the child cannot even load what it is given
 */
export async function measure(request: MeasureRequest, options: MeasureOptions): Promise<Measured[]> {
  const measured: Measured[] = [];
  while (measured.length < request.candidates.length && options.signal?.aborted !== true) {
    await measureFrom(request, measured, options);
  }
  return measured;
}

/** Runs one child until it is done, or until it breaks, and says by what. */
async function measureFrom(request: MeasureRequest, measured: Measured[], options: MeasureOptions): Promise<void> {
  const { script, nodeFlags } = options.child ?? childOfThisProcess();
  const child = fork(script, [], {
    execArgv: [...nodeFlags],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const lastWords = keepLastWords(child);
  const first = measured.length;
  let started: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const kill = (): void => void child.kill('SIGKILL');
  options.signal?.addEventListener('abort', kill);
  let isLate = false;
  const watch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      isLate = true;
      kill();
    }, options.timeoutMs);
  };
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (message: string, cause?: unknown): void =>
        reject(new OnboxError(message, { code: 'measure-failed', cause }));
      child.on('error', (cause) => fail('the measuring process cannot be started', cause));
      child.on('exit', (code, signal) => {
        if (started !== undefined && options.signal?.aborted !== true) {
          measured[started] = { outcome: isLate ? 'timeout' : 'crashed' };
        }
        if (measured.length > first || options.signal?.aborted === true) resolve();
        else fail(`the measuring process ended with ${signal ?? code}: ${lastWords()}`);
      });
      child.on('message', (message: FromMeasurer) => {
        watch();
        if (message.kind === 'started') started = message.candidate;
        else if (message.kind === 'measured') {
          measured[message.candidate] = message.measured;
          started = undefined;
        } else if (message.kind === 'done') resolve();
        else fail(`the measuring process failed: ${message.message}`);
      });
      watch();
      child.send({ request, first } satisfies ToMeasurer, () => undefined);
    });
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', kill);
    kill();
  }
}

/** The script beside this one, with the loader that this process runs under. */
function childOfThisProcess(): { readonly script: string; readonly nodeFlags: readonly string[] } {
  const ending = __filename.endsWith('.ts') ? '.ts' : '.js';
  return { script: join(__dirname, `measure-child${ending}`), nodeFlags: process.execArgv };
}

function keepLastWords(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-lastWordsMax);
  });
  return () => text.trim();
}
