// One compile in a child process of its own: niced, bounded in memory and time, and harmless when it crashes.

import { type ChildProcess, fork } from 'node:child_process';
import { OnboxError } from '../../runtime/index.js';
import { errorFrom } from '../api/errors.js';
import type { CompileProgress, CompileRequest, CompileResult, FromCompiler } from './messages.js';

export interface CompileLimits {
  /** Heap of the child, in MiB. Weights live outside of it. */
  readonly heapMb: number;
  readonly timeoutMs: number;
  /** 0 to 19: how far the child steps back behind requests. */
  readonly niceness: number;
}

export const compileLimits: CompileLimits = { heapMb: 1024, timeoutMs: 30 * 60_000, niceness: 10 };

export interface CompileChild {
  readonly script: string;
  readonly nodeFlags?: readonly string[];
}

/** The last words of a child that crashed, in characters. */
const lastWordsMax = 2000;

/**
 * Compiles one model.
 * @throws OnboxError what the compiler said, `compile-crashed`, `compile-timeout`, or `job-cancelled` when `signal` aborts
 */
export async function runCompile(
  request: CompileRequest,
  options: {
    readonly child: CompileChild;
    readonly limits: CompileLimits;
    readonly onProgress: (progress: CompileProgress) => void;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<CompileResult> {
  const { child: script, limits, onProgress, signal } = options;
  signal?.throwIfAborted();
  const child = fork(script.script, [String(limits.niceness)], {
    execArgv: [...(script.nodeFlags ?? []), `--max-old-space-size=${limits.heapMb}`],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A group of its own, so that the C compilers that it started end with it.
    detached: true,
  });
  const lastWords = keepLastWords(child);
  // The signal outlives this job: what listens to it is taken off again.
  let onAbort = (): void => undefined;
  try {
    return await new Promise<CompileResult>((resolve, reject) => {
      const refuse = (code: string, message: string): void => reject(new OnboxError(message, { code }));
      const timer = setTimeout(
        () => refuse('compile-timeout', `compiling "${request.name}" took longer than ${limits.timeoutMs / 1000} s`),
        limits.timeoutMs,
      );
      child.once('exit', () => clearTimeout(timer));
      onAbort = () => refuse('job-cancelled', `compiling "${request.name}" was cancelled`);
      signal?.addEventListener('abort', onAbort);
      child.on('error', (cause) =>
        reject(new OnboxError('the compile process cannot be started', { code: 'compile-crashed', cause })),
      );
      child.on('exit', (code, killedBy) => {
        const how = killedBy === null ? `exit code ${code}` : `${killedBy}${killedBy === 'SIGKILL' ? ' (out of memory?)' : ''}`;
        const words = lastWords();
        refuse('compile-crashed', `the compile of "${request.name}" ended with ${how}${words === '' ? '' : `: ${words}`}`);
      });
      child.on('message', (message: FromCompiler) => {
        if (message.kind === 'progress') onProgress(message.progress);
        else if (message.kind === 'done') resolve(message.result);
        else reject(errorFrom(message.error));
      });
      child.send(request, () => undefined);
    });
  } finally {
    signal?.removeEventListener('abort', onAbort);
    endGroup(child);
  }
}

/** Kills the child and whatever it started. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group has ended already.
  }
}

function keepLastWords(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-lastWordsMax);
  });
  return () => text.trim();
}
