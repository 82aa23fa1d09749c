// The process that runs one job for the command line: on its own, so that the job goes on when the terminal, or the ssh, is gone.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { scriptPath } from '../root.js';
import { ModelStore } from '../store/store.js';
import { JobBook } from './book.js';
import { runJob } from './runner.js';

/**
 * Starts a process for a job of a home.
 * @param nodeFlags as this process runs under
 * @returns aborts when the process has ended, whatever the reason
 */
export function startHost(home: string, id: string, nodeFlags: readonly string[]): AbortSignal {
  const script = scriptPath(__dirname, 'host');
  const child = spawn(process.execPath, [...nodeFlags, script, home, id], { detached: true, stdio: 'ignore' });
  const ended = new AbortController();
  void Promise.race([once(child, 'exit'), once(child, 'error')])
    .catch(() => undefined)
    .finally(() => ended.abort());
  child.unref();
  return ended.signal;
}

async function host(home: string, id: string): Promise<void> {
  // One at a time, with the jobs of the daemon and of other terminals.
  const store = new ModelStore(home);
  const book = new JobBook(store);
  const child = { script: scriptPath(__dirname, 'compile-child'), nodeFlags: process.execArgv };
  await runJob({ store, book, child, parallel: 1 }, await book.find(id));
}

if (require.main === module) {
  process.on('SIGHUP', () => undefined);
  const [home = '', id = ''] = process.argv.slice(2);
  host(home, id).catch(() => {
    // Nobody reads what it says; a follower sees that the process is gone.
    process.exitCode = 1;
  });
}
