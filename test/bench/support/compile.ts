// Compiles a model once in a process of its own, whose memory can be measured together with that of its gcc.

import { fork } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OnboxError } from '../../../runtime/core/error.js';
import { fileDigest } from './cache.js';
import type { FromCompiler } from './compile-child.js';

export interface CompileCost {
  readonly seconds: number;
  /** Of the compiler and all gcc together, at the worst moment. Pages that several share count for each. */
  readonly peakRssBytes: number;
}

export interface CompiledModel extends CompileCost {
  /** The module folder. */
  readonly folder: string;
}

const costFile = 'bench-cost.json';
/** gcc's processes live for tenths of seconds and longer. */
const sampleMs = 50;

/**
 * The module of an ONNX file, compiled with the product's defaults unless the cache has it.
 * @throws OnboxError `bench-compile-failed` with the compiler's reason
 */
export async function compileOnce(cache: string, name: string, onnx: string): Promise<CompiledModel> {
  const folder = join(cache, `${name}-${await fileDigest(onnx)}`);
  if (!existsSync(folder)) {
    process.stderr.write(`compiling ${name}\n`);
    const partial = `${folder}.${process.pid}`;
    await rm(partial, { recursive: true, force: true });
    const cost = await compileMeasured([name, onnx, partial]);
    await writeFile(join(partial, costFile), JSON.stringify(cost));
    await rename(partial, folder);
  }
  return { folder, ...(JSON.parse(await readFile(join(folder, costFile), 'utf8')) as CompileCost) };
}

function compileMeasured(args: readonly string[]): Promise<CompileCost> {
  return new Promise((resolve, reject) => {
    const child = fork(join(__dirname, 'compile-child.js'), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    let peak = 0;
    let last: FromCompiler = { kind: 'failed', reason: 'it ended without a word' };
    const timer = setInterval(() => {
      peak = Math.max(peak, treeRssBytes(child.pid ?? 0));
    }, sampleMs);
    child.on('message', (message: FromCompiler) => {
      last = message;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(timer);
      if (last.kind === 'done') return resolve({ seconds: last.seconds, peakRssBytes: Math.max(peak, last.peakRssBytes) });
      reject(
        new OnboxError(`the compile failed (${signal ?? `exit code ${code}`}): ${last.reason}`, {
          code: 'bench-compile-failed',
        }),
      );
    });
  });
}

/** Resident memory of a process and all that it started, 0 where there is no /proc (proc(5): stat, status). */
function treeRssBytes(root: number): number {
  if (!existsSync('/proc/self/stat')) return 0;
  const children = new Map<number, number[]>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const stat = readProc(Number(pid), 'stat');
    // The name of the program stands in parentheses and may hold some itself; behind it: state, parent.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(pid)]);
  }
  const sum = (pid: number): number => {
    const own = 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(readProc(pid, 'status'))?.[1] ?? 0);
    return (children.get(pid) ?? []).reduce((bytes, child) => bytes + sum(child), own);
  };
  return sum(root);
}

/** Empty if the process is gone meanwhile. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
