// The C compiler of the box. Arguments go to it one by one and never through a shell; its environment is fixed, so that its words
// are the same in every locale.

import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { errorCode, OnboxError } from '../core/error.js';

export interface CompileSharedRequest {
  /** Paths of C files, compiled side by side. */
  readonly sources: readonly string[];
  /** Path of the shared object to write. Object files lie beside it while it is made. */
  readonly output: string;
  /** For every source, as `-O2`; `-fPIC` is added, and flags of the machine (`-m…`) that the compiler does not know are left out. */
  readonly flags: readonly string[];
  /** For all of it together. */
  readonly timeoutMs: number;
}

const outputBytesMax = 64 * 1024;
const candidates = ['cc', 'gcc', 'clang'];

/**
 * Compiles C files to one shared object.
 * @throws OnboxError `toolchain-missing` without a compiler, `toolchain-failed` with the compiler's words, `toolchain-timeout`
 */
export async function compileShared(request: CompileSharedRequest): Promise<void> {
  const compiler = findCompiler();
  const deadline = Date.now() + request.timeoutMs;
  try {
    await compileWith(compiler, request, deadline);
  } catch (error) {
    if (errorCode(error) !== 'toolchain-failed' || !(await findsRefused(compiler, request.flags, deadline))) throw error;
    await compileWith(compiler, request, deadline);
  }
}

async function compileWith(compiler: string, request: CompileSharedRequest, deadline: number): Promise<void> {
  const output = resolve(request.output);
  const objects = request.sources.map((_, index) => `${output}.${index}.o`);
  const flags = request.flags.filter((flag) => !refused.has(refusal(compiler, flag)));
  const jobs = request.sources.map((source, index) => ['-fPIC', ...flags, '-c', '-o', objects[index] ?? '', resolve(source)]);
  try {
    await runAll(compiler, jobs, deadline);
    await runCompiler(compiler, ['-shared', '-o', output, ...objects], deadline);
  } finally {
    await Promise.all(objects.map((object) => rm(object, { force: true })));
  }
}

/**
 * Compiler and flag: an old compiler of a board may not know the name of its core or its newest instructions. The code asks the
 * compiler's macros which of them it may use.
 */
const refused = new Set<string>();

function refusal(compiler: string, flag: string): string {
  return `${compiler} ${flag}`;
}

/** Tries the flags of the machine one by one. @returns whether one more is known to be refused */
async function findsRefused(compiler: string, flags: readonly string[], deadline: number): Promise<boolean> {
  const known = refused.size;
  for (const flag of flags.filter((one) => one.startsWith('-m') && !refused.has(refusal(compiler, one)))) {
    try {
      await runCompiler(compiler, ['-Werror', flag, '-E', '-x', 'c', '-o', '/dev/null', '/dev/null'], deadline);
    } catch (error) {
      if (errorCode(error) !== 'toolchain-failed') throw error;
      refused.add(refusal(compiler, flag));
    }
  }
  return refused.size > known;
}

/**
 * Absolute path of the C compiler: ONBOX_CC, else the first of cc, gcc, clang on the PATH.
 * @throws OnboxError `toolchain-missing`
 */
export function findCompiler(environment: NodeJS.ProcessEnv = process.env): string {
  const chosen = environment['ONBOX_CC'];
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const name of chosen ? [chosen] : candidates) {
    const paths = name.includes('/') ? [resolve(name)] : folders.map((folder) => join(folder, name));
    const found = paths.find(isExecutable);
    if (found !== undefined) return found;
  }
  const what = chosen
    ? `ONBOX_CC names "${chosen}", which is not an executable`
    : `none of ${candidates.join(', ')} is on the PATH`;
  throw new OnboxError(`no C compiler: ${what}; install one with: sudo apt-get install -y gcc libc6-dev`, {
    code: 'toolchain-missing',
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** As many compilers at once as there are processors. After a failure no other is started, and the first failure is thrown. */
async function runAll(compiler: string, jobs: readonly (readonly string[])[], deadline: number): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const work = async () => {
    while (failures.length === 0) {
      const job = jobs[next++];
      if (job === undefined) return;
      await runCompiler(compiler, job, deadline).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, work));
  if (failures.length > 0) throw failures[0];
}

/** The compiler leads a group of its own, so that the time limit also ends the programs it has started. */
function runCompiler(compiler: string, args: readonly string[], deadline: number): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(compiler, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C', SOURCE_DATE_EPOCH: '0' },
    });
    let words = '';
    const keep = (chunk: Buffer) => {
      if (words.length < outputBytesMax) words += chunk.toString('utf8');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    let isLate = false;
    const timer = setTimeout(
      () => {
        isLate = true;
        killGroup(child.pid);
      },
      Math.max(0, deadline - Date.now()),
    );
    child.on('error', (cause) => {
      clearTimeout(timer);
      fail(new OnboxError(`cannot start the C compiler "${compiler}": ${cause.message}`, { code: 'toolchain-missing', cause }));
    });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (status === 0) done();
      else if (isLate) fail(new OnboxError(`"${compiler}" did not end in time and was stopped`, { code: 'toolchain-timeout' }));
      else fail(compilerFailure(compiler, signal ?? `status ${status}`, words.slice(0, outputBytesMax)));
    });
  });
}

function compilerFailure(compiler: string, end: string, words: string): OnboxError {
  return new OnboxError(`"${compiler}" failed with ${end}:\n${words.trim()}`, {
    code: 'toolchain-failed',
    details: { output: words },
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}
