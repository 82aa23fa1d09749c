// The daemon's log on the disk, so that `onbox logs` finds it however the daemon was started: logs/onbox.log in the home, and the one before
// it. Both together never take more than twice the limit, because boards live on small flash.

import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const bytesMax = 1024 * 1024;

/** The older file first; neither need be there. */
export function logPaths(home: string): readonly [older: string, current: string] {
  const current = join(home, 'logs', 'onbox.log');
  return [`${current}.1`, current];
}

/** @returns what appends a line. A disk that is full or read-only costs lines, not the daemon. */
export function openLogFile(home: string): (line: string) => void {
  const [older, current] = logPaths(home);
  let bytes: number | undefined;
  return (line) => {
    try {
      bytes ??= sizeOf(home, current);
      if (bytes + line.length > bytesMax) {
        renameSync(current, older);
        bytes = 0;
      }
      // A line is short, and written before the next event: the last lines before a crash are the ones that count.
      appendFileSync(current, line, { mode: 0o640 });
      bytes += Buffer.byteLength(line);
    } catch {
      bytes = undefined;
    }
  };
}

function sizeOf(home: string, path: string): number {
  mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o750 });
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
