// Child processes of this program: the script beside the one that starts it, under the same loader.

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

/** A script, and what Node needs to run it. */
export interface ChildScript {
  readonly script: string;
  readonly nodeFlags: readonly string[];
}

/** The last words of a child that crashed, in characters. */
const lastWordsMax = 2000;

/** The script `name` of this folder, as this process runs its own. */
export function scriptOf(name: string): ChildScript {
  const ending = __filename.endsWith('.ts') ? '.ts' : '.js';
  return { script: join(__dirname, `${name}${ending}`), nodeFlags: process.execArgv };
}

export interface ChildOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** Processors that it may run on, by number: all of them where they are absent. */
  readonly processors?: readonly number[] | undefined;
}

/** Starts a child that talks by messages. Its output goes nowhere, but for the end of what it says to stderr. */
export function startChild(
  { script, nodeFlags }: ChildScript,
  { environment = process.env, processors }: ChildOptions = {},
): { readonly child: ChildProcess; readonly lastWords: () => string } {
  // Of util-linux, which no Debian is without. Node has no call for it, and all threads that the child starts must inherit it.
  const pinned = processors === undefined ? undefined : ['taskset', '-c', processors.join(), process.execPath];
  const child = fork(script, [], {
    ...(pinned === undefined ? {} : { execPath: pinned[0] }),
    execArgv: [...(pinned?.slice(1) ?? []), ...nodeFlags],
    env: environment,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-lastWordsMax);
  });
  return { child, lastWords: () => text.trim() };
}
