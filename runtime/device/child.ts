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

/** Starts a child that talks by messages. Its output goes nowhere, but for the end of what it says to stderr. */
export function startChild(
  { script, nodeFlags }: ChildScript,
  environment: NodeJS.ProcessEnv = process.env,
): { readonly child: ChildProcess; readonly lastWords: () => string } {
  const child = fork(script, [], {
    execArgv: [...nodeFlags],
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
