// Compiles a model once in a process of its own, whose memory can be measured and whose gcc does not outlive the benchmark.

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
    // A group of its own holds gcc too. The child ends it when this process goes.
    const child = fork(join(__dirname, 'compile-child.js'), args, {
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const group = child.pid ?? 0;
    let peak = 0;
    let last: FromCompiler = { kind: 'failed', reason: 'it ended without a word' };
    const timer = setInterval(() => {
      peak = Math.max(peak, groupRssBytes(group));
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

/** Resident memory of the processes of a group, 0 where there is no /proc (proc(5): stat, status). */
function groupRssBytes(group: number): number {
  if (!existsSync('/proc/self/stat')) return 0;
  let bytes = 0;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = readProc(pid, 'stat');
    // The name of the program stands in parentheses and may hold some itself; behind it: state, parent, group.
    if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) !== group) continue;
    bytes += 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(readProc(pid, 'status'))?.[1] ?? 0);
  }
  return bytes;
}

/** Empty if the process is gone meanwhile. */
function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
