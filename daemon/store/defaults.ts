// The default model of each task: defaults.json in the home, an object of task to name.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Task } from '../../runtime/index.js';
import { writeFileAtomic } from './atomic.js';

const defaultsFile = 'defaults.json';

export type Defaults = Partial<Record<Task, string>>;

/** An unreadable file counts as no choice: the store then falls back to its rule. */
export async function readDefaults(home: string): Promise<Defaults> {
  try {
    const value: unknown = JSON.parse(await readFile(join(home, defaultsFile), 'utf8'));
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(Object.entries(value).filter(([, name]) => typeof name === 'string')) as Defaults;
  } catch {
    return {};
  }
}

export async function writeDefault(home: string, task: Task, name: string): Promise<void> {
  const defaults = { ...(await readDefaults(home)), [task]: name };
  await writeFileAtomic(join(home, defaultsFile), `${JSON.stringify(defaults, null, 2)}\n`);
}
