// The default model of each task: defaults.json in the home, an object of task to name.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Task } from '../../runtime/index.js';
import { writeFileAtomic } from './atomic.js';
import type { ModelRecord } from './record.js';

const defaultsFile = 'defaults.json';

type Defaults = Partial<Record<Task, string>>;

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

/** The owner's choice, else the model whose name was installed first; the demonstration models come last. */
export function pickDefault<M extends { readonly name: string; readonly record: ModelRecord }>(
  models: readonly M[],
  task: Task,
  chosen: Defaults,
): M | undefined {
  const ofTask = models.filter((model) => model.record.task === task);
  const oldest = [...ofTask].sort((a, b) => byAge(a.record, b.record));
  return ofTask.find(({ name }) => name === chosen[task]) ?? oldest.find(({ record }) => !record.embedded) ?? oldest[0];
}

/** Two models may have one number where two processes installed them side by side. */
function byAge(a: ModelRecord, b: ModelRecord): number {
  return (a.order ?? 0) - (b.order ?? 0) || a.installedAt.localeCompare(b.installedAt) || a.name.localeCompare(b.name);
}
