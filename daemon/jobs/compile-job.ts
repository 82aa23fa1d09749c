// One compile or search in a child process of its own: niced, bounded in memory and time, and harmless when it crashes.

import { type ChildProcess, fork } from 'node:child_process';
import { totalmem } from 'node:os';
import { OnboxError } from '../../runtime/index.js';
import { errorFrom } from '../api/errors.js';
import type {
  CompileProgress,
  CompileRequest,
  CompileResult,
  FromJobChild,
  ToJobChild,
  TuneRequest,
  TuneResult,
} from './messages.js';
import { residentBytes, signalTree } from './tree.js';

export interface CompileLimits {
  /** Heap of the child, in MiB. Weights live outside of it. */
  readonly heapMb: number;
  /** All memory of the child and of what it starts, in bytes. */
  readonly residentBytesMax: number;
  readonly timeoutMs: number;
  /** 0 to 19: how far the child steps back behind requests. */
  readonly niceness: number;
}

export const compileLimits: CompileLimits = {
  heapMb: 1024,
  residentBytesMax: Math.max(1024 ** 3, totalmem() * 0.7),
  timeoutMs: 30 * 60_000,
  niceness: 10,
};

export interface CompileChild {
  readonly script: string;
  readonly nodeFlags?: readonly string[];
}

export interface JobChildOptions {
  readonly child: CompileChild;
  readonly limits: CompileLimits;
  readonly onProgress: (progress: CompileProgress) => void;
  /** Ends the child at once. */
  readonly signal?: AbortSignal | undefined;
  /** Ends a search; what it found is still compiled. */
  readonly finish?: AbortSignal | undefined;
  /** While it says true, the child and all that it started stand still. */
  readonly isBusy?: (() => boolean) | undefined;
}

/** The last words of a child that crashed, in characters. */
const lastWordsMax = 2000;
/** How often the memory of a child is looked at, and whether requests run, in ms. */
const memoryLookMs = 1000;
const busyLookMs = 20;

/**
 * Compiles one model.
 * @throws OnboxError what the compiler said, `compile-crashed`, `compile-memory`, `compile-timeout`, or `job-cancelled` when `signal`
 *   aborts
 */
export async function runCompile(request: CompileRequest, options: JobChildOptions): Promise<CompileResult> {
  return (await runChild({ kind: 'compile', request }, `compiling "${request.name}"`, options)) as CompileResult;
}

/** Tunes one installed model. @throws OnboxError as runCompile */
export async function runTune(request: TuneRequest, options: JobChildOptions): Promise<TuneResult> {
  // The time of the search is its own; compiling and comparing come after it.
  const timeoutMs = options.limits.timeoutMs + request.budget.minutes * 60_000;
  const limits = { ...options.limits, timeoutMs };
  return (await runChild({ kind: 'tune', request }, `tuning "${request.name}"`, { ...options, limits })) as TuneResult;
}

async function runChild(
  message: ToJobChild,
  what: string,
  { child: script, limits, onProgress, signal, finish, isBusy }: JobChildOptions,
): Promise<CompileResult | TuneResult> {
  if (signal?.aborted === true) throw cancelled(what);
  const child = fork(script.script, [String(limits.niceness)], {
    execArgv: [...(script.nodeFlags ?? []), `--max-old-space-size=${limits.heapMb}`],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A group of its own, so that Ctrl-C at a terminal is its parent's to handle.
    detached: true,
  });
  const lastWords = keepLastWords(child);
  const ending = new AbortController();
  try {
    return await new Promise<CompileResult | TuneResult>((resolve, reject) => {
      const refuse = (code: string, text: string): void => reject(new OnboxError(text, { code }));
      watch(child, ending.signal, { limits, what, refuse, isBusy });
      signal?.addEventListener('abort', () => reject(cancelled(what)), { signal: ending.signal });
      finish?.addEventListener('abort', () => send(child, { kind: 'finish' }), { signal: ending.signal });
      child.on('error', (cause) => reject(new OnboxError(`${what} cannot be started`, { code: 'compile-crashed', cause })));
      child.on('exit', (code, killedBy) => {
        const how = killedBy === null ? `exit code ${code}` : `${killedBy}${killedBy === 'SIGKILL' ? ' (out of memory?)' : ''}`;
        const words = lastWords();
        refuse('compile-crashed', `${what} ended with ${how}${words === '' ? '' : `: ${words}`}`);
      });
      child.on('message', (answer: FromJobChild) => {
        if (answer.kind === 'progress') onProgress(answer.progress);
        else if (answer.kind === 'done') resolve(answer.result);
        else reject(errorFrom(answer.error));
      });
      send(child, message);
      // It may have been asked to finish before there was a child to tell.
      if (finish?.aborted === true) send(child, { kind: 'finish' });
    });
  } finally {
    ending.abort();
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) signalTree(child.pid, 'SIGKILL');
  }
}

/** Holds a child to its limits until `ended`. */
function watch(
  { pid }: ChildProcess,
  ended: AbortSignal,
  options: Pick<JobChildOptions, 'limits' | 'isBusy'> & { what: string; refuse(code: string, text: string): void },
): void {
  const { limits, what, refuse, isBusy } = options;
  if (pid === undefined) return;
  const timer = setTimeout(
    () => refuse('compile-timeout', `${what} took longer than ${limits.timeoutMs / 1000} s`),
    limits.timeoutMs,
  );
  const memory = setInterval(() => {
    const bytes = residentBytes(pid);
    if (bytes <= limits.residentBytesMax) return;
    const mebi = (value: number): string => `${Math.round(value / 2 ** 20)} MiB`;
    refuse('compile-memory', `${what} takes ${mebi(bytes)}, and ${mebi(limits.residentBytesMax)} are allowed`);
  }, memoryLookMs);
  let isStopped = false;
  const pause = setInterval(() => {
    if (isBusy === undefined || isBusy() === isStopped) return;
    isStopped = !isStopped;
    signalTree(pid, isStopped ? 'SIGSTOP' : 'SIGCONT');
  }, busyLookMs);
  ended.addEventListener('abort', () => {
    clearTimeout(timer);
    clearInterval(memory);
    clearInterval(pause);
  });
}

function send(child: ChildProcess, message: ToJobChild): void {
  if (child.connected) child.send(message, () => undefined);
}

function cancelled(what: string): OnboxError {
  return new OnboxError(`${what} was cancelled`, { code: 'job-cancelled' });
}

function keepLastWords(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-lastWordsMax);
  });
  return () => text.trim();
}
