// A process and all that it started. The C compilers have process groups of their own, so a signal to one group does not reach them all.

import { readFileSync } from 'node:fs';

/** The process and its descendants, parents first. */
function treeOf(pid: number): number[] {
  const pids = [pid];
  for (const parent of pids) {
    const text = readOrNothing(`/proc/${parent}/task/${parent}/children`);
    pids.push(...text.split(' ').filter(Boolean).map(Number));
  }
  return pids;
}

/** Signals a process and all that it started. Parents go first: what is stopped or dead starts nothing more. */
export function signalTree(pid: number, signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
  const seen = new Set<number>();
  for (let isNew = true; isNew; ) {
    isNew = false;
    // The tree is read before the parents die, because orphans have another parent.
    for (const each of treeOf(pid)) {
      if (seen.has(each)) continue;
      seen.add(each);
      isNew = true;
      if (signal === 'SIGKILL') signalOne(each, 'SIGSTOP');
      else signalOne(each, signal);
    }
  }
  if (signal === 'SIGKILL') for (const each of seen) signalOne(each, signal);
}

/** Bytes of memory that a process and all that it started hold, by their resident sets. */
export function residentBytes(pid: number): number {
  return treeOf(pid).reduce((sum, each) => {
    const kilobytes = /^VmRSS:\s*([0-9]+) kB/m.exec(readOrNothing(`/proc/${each}/status`))?.[1];
    return sum + Number(kilobytes ?? 0) * 1024;
  }, 0);
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
