// The key that clients off this machine need: one line in a file that only its owner can read.

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OnboxError } from '../../runtime/index.js';
import { fileErrorCode } from '../file-error.js';
import { createFileAtomic } from '../store/atomic.js';

/** The key file of a home. */
export function keyPath(home: string): string {
  return join(home, 'key');
}

/** Addresses and names that only this machine can reach; on others a key is asked for. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(host);
}

/** Makes the key file if there is none, in one step; the key is 256 bits of chance. */
export async function ensureKey(path: string): Promise<void> {
  if (await isThere(path)) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  await createFileAtomic(path, `${randomBytes(32).toString('base64url')}\n`, 0o600);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * The key in the file.
 * @throws OnboxError `key-unusable` if it cannot be read, is empty or short, or others may read it
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
  const key = text.trim();
  if (key !== '') return requireKeyText(key, `the key file "${path}"`);
  throw new OnboxError(`the key file "${path}" is empty; remove it, and the next start of onbox makes a new key`, {
    code: 'key-unusable',
  });
}

/** @throws OnboxError `key-unusable` if the text is no key */
export function requireKeyText(key: string, where = 'the setting "http.key"'): string {
  if (/^[!-~]{16,512}$/.test(key)) return key;
  throw new OnboxError(`${where} does not hold one line of 16 to 512 visible characters`, { code: 'key-unusable' });
}
