// A home with the embedded models. They are compiled once for all test files of a run; each file gets a copy.

import { existsSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileErrorCode } from '../../../daemon/file-error.js';
import { temporaryFolder, until } from './server.js';

/**
 * @param install puts the embedded models into the home that it is given
 * @returns a home that belongs to the caller
 */
export async function demoHome(install: (home: string) => Promise<void>): Promise<string> {
  const shared = join(process.env['ONBOX_TEST_RUN'] ?? '', 'demo');
  await until(async () => existsSync(join(shared, 'ready')) || (await isFirst(shared, install)), 280_000);
  const home = await temporaryFolder();
  await cp(join(shared, 'home'), home, { recursive: true, preserveTimestamps: true });
  return home;
}

/** True if no other file was quicker, and the home is made. */
async function isFirst(shared: string, install: (home: string) => Promise<void>): Promise<boolean> {
  try {
    await mkdir(shared);
  } catch (error) {
    if (fileErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await install(join(shared, 'home'));
    await writeFile(join(shared, 'ready'), '');
    return true;
  } catch (error) {
    // The next one that waits tries again.
    await rm(shared, { recursive: true, force: true });
    throw error;
  }
}
