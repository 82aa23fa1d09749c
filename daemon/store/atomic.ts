// Writing so that a power cut leaves the old state or the new one, never a half: temporary name, fsync, rename, fsync.

import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileErrorCode } from '../file-error.js';
import { isOwnerAlive, ownerToken } from './owner.js';

/** Replaces the file at `path` in one step. */
export async function writeFileAtomic(path: string, text: string, mode = 0o644): Promise<void> {
  await publish(path, text, mode, (temporary) => rename(temporary, path));
}

/** Makes the file at `path` in one step; one that is there already stays as it is. */
export async function createFileAtomic(path: string, text: string, mode = 0o644): Promise<void> {
  await publish(path, text, mode, async (temporary) => {
    try {
      // A rename would replace what another process made meanwhile.
      await link(temporary, path);
    } catch (error) {
      if (fileErrorCode(error) !== 'EEXIST') throw error;
    }
    await rm(temporary, { force: true });
  });
}

/** Writes a durable temporary file beside `path`, which `show` brings to its name. */
async function publish(path: string, text: string, mode: number, show: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${path}.${ownerToken()}-${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await show(temporary);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncPath(dirname(path));
}

/** Removes the temporary files that processes which are gone left in `folder`. */
export async function clearTemporary(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    const owner = /\.([0-9]+\.[0-9]+\.[0-9a-f]*)-[0-9a-f]+\.tmp$/.exec(entry)?.[1];
    if (owner !== undefined && !isOwnerAlive(owner)) await rm(join(folder, entry), { force: true });
  }
}

/** Makes a folder with all above it, and their names durable. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o750 });
  for (let made = path; first !== undefined && made.length >= first.length; made = dirname(made)) await syncPath(dirname(made));
}

/** Makes everything under `folder` durable. Call before the rename that makes it visible. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await syncPath(path);
  }
  await syncPath(folder);
}

/** fsync of a file or folder. */
export async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
