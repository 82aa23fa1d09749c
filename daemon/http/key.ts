// The key that clients off this machine need: one line in a file that only its owner can read.

import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OnboxError } from '../../runtime/index.js';
import { fileErrorCode } from '../file-error.js';

/** The key file of a home. */
export function keyPath(home: string): string {
  return join(home, 'key');
}

/** Addresses and names that only this machine can reach; on others a key is asked for. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(host);
}

/** Makes the key file if there is none; the key is 256 bits of chance. */
export async function ensureKey(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(32).toString('base64url')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(path, 0o600);
  } catch (error) {
    if (fileErrorCode(error) !== 'EEXIST') throw error;
  }
}

/**
 * The key in the file.
 * @throws OnboxError `key-unusable` if it cannot be read, is short, or others may read it
 */
export async function readKey(path: string): Promise<string> {
  let text: string;
  let mode: number;
  try {
    text = await readFile(path, 'utf8');
    mode = (await stat(path)).mode;
  } catch (cause) {
    throw new OnboxError(`the key file "${path}" cannot be read`, { code: 'key-unusable', cause });
  }
  if ((mode & 0o007) !== 0) {
    throw new OnboxError(`the key file "${path}" can be used by everyone; run: chmod 600 ${path}`, { code: 'key-unusable' });
  }
  return requireKeyText(text.trim(), `the key file "${path}"`);
}

/** @throws OnboxError `key-unusable` if the text is no key */
export function requireKeyText(key: string, where = 'the setting "http.key"'): string {
  if (/^[!-~]{16,512}$/.test(key)) return key;
  throw new OnboxError(`${where} does not hold one line of 16 to 512 visible characters`, { code: 'key-unusable' });
}
