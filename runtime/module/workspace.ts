// Where a module is made: a folder beside the one that it becomes, so that the last step is one rename and a failure leaves nothing.

import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { OnboxError } from '../core/error.js';

/**
 * Runs `make` in a fresh folder, renames what it made there to `target` and deletes the rest.
 * @param target should not exist or be an empty folder
 * @param make returns the path of the folder that becomes `target`, and an answer to pass on
 * @throws OnboxError `folder-not-empty`, and what `make` throws
 */
export async function makeFolder<T>(
  target: string,
  make: (workspace: string) => Promise<{ readonly folder: string; readonly answer: T }>,
): Promise<T> {
  const path = resolve(target);
  const entries = await readdir(path).catch(() => []);
  if (entries.length > 0) {
    throw new OnboxError(`${JSON.stringify(path)} should be an empty folder, it has ${entries.length} entries`, {
      code: 'folder-not-empty',
    });
  }
  await mkdir(dirname(path), { recursive: true });
  const workspace = await mkdtemp(`${path}.`);
  try {
    const { folder, answer } = await make(workspace);
    await rename(folder, path);
    return answer;
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}
