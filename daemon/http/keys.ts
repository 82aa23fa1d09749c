// The keys that open this box: the one that was made at the first start, and those that `onbox key create` made since. Of the latter only
// digests are kept, so whoever reads the file cannot use them.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OnboxError } from '../../runtime/index.js';
import { fileErrorCode } from '../file-error.js';
import { printFact } from '../log.js';
import { writeFileAtomic } from '../store/atomic.js';

/** Who bears one of these is let in. */
export interface Keys {
  accepts(given: string): boolean;
}

export interface StoredKey {
  readonly name: string;
  /** SHA-256 of the key, hex. */
  readonly digest: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

const keysFile = 'keys.json';
const keysMax = 1000;

/** @throws OnboxError `key-unusable` if the file is damaged or others may use it */
export async function readKeys(home: string): Promise<readonly StoredKey[]> {
  const path = join(home, keysFile);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (fileErrorCode(cause) === 'ENOENT') return [];
    throw new OnboxError(`the keys in "${path}" cannot be read`, { code: 'key-unusable', cause });
  }
  if ((statSync(path).mode & 0o007) !== 0) {
    throw new OnboxError(`the file "${path}" can be used by everyone; run: chmod 600 ${path}`, { code: 'key-unusable' });
  }
  try {
    const keys: unknown = JSON.parse(text);
    if (Array.isArray(keys) && keys.every(isStoredKey)) return keys;
  } catch (cause) {
    throw new OnboxError(`the file "${path}" is damaged`, { code: 'key-unusable', cause });
  }
  throw new OnboxError(`the file "${path}" is damaged`, { code: 'key-unusable' });
}

/**
 * Makes a key.
 * @returns the key itself, which nobody can tell again
 * @throws OnboxError `name-invalid`, `key-exists`, `key-unusable`
 */
export async function createKey(home: string, name: string): Promise<string> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) {
    throw new OnboxError(`a key's name has 1 to 64 of A-Z a-z 0-9 . _ -, got ${printFact(name.slice(0, 80))}`, {
      code: 'name-invalid',
    });
  }
  const keys = await readKeys(home);
  if (keys.some((key) => key.name === name)) throw new OnboxError(`there is a key "${name}" already`, { code: 'key-exists' });
  if (keys.length >= keysMax) throw new OnboxError(`there are ${keysMax} keys already`, { code: 'key-exists' });
  const key = randomBytes(32).toString('base64url');
  const stored: StoredKey = { name, digest: digestOf(key).toString('hex'), createdAt: new Date().toISOString() };
  await writeKeys(home, [...keys, stored]);
  return key;
}

/** @throws OnboxError `key-absent`, `key-unusable` */
export async function removeKey(home: string, name: string): Promise<void> {
  const keys = await readKeys(home);
  const left = keys.filter((key) => key.name !== name);
  if (left.length === keys.length) throw new OnboxError(`there is no key ${printFact(name)}`, { code: 'key-absent' });
  await writeKeys(home, left);
}

/**
 * The keys of a home as they are at each moment, and `fixed` ones beside them. A file that is damaged later lets nobody in by it.
 * @throws OnboxError `key-unusable`
 */
export async function openKeys(home: string, fixed: readonly string[]): Promise<Keys> {
  const always = fixed.map(digestOf);
  let stamp = stampOf(home);
  let stored = (await readKeys(home)).map(({ digest }) => Buffer.from(digest, 'hex'));
  const refresh = (): void => {
    const now = stampOf(home);
    if (now === stamp) return;
    stamp = now;
    readKeys(home).then(
      (keys) => {
        stored = keys.map(({ digest }) => Buffer.from(digest, 'hex'));
      },
      () => {
        stored = [];
      },
    );
  };
  // A removed key ends within a second, whether anyone asks or not.
  setInterval(refresh, 1000).unref();
  return {
    accepts: (given) => {
      const digest = digestOf(given);
      // Every digest is compared, so that the time tells nothing of which one it was.
      return [...always, ...stored].map((each) => timingSafeEqual(digest, each)).includes(true);
    },
  };
}

async function writeKeys(home: string, keys: readonly StoredKey[]): Promise<void> {
  await writeFileAtomic(join(home, keysFile), `${JSON.stringify(keys, null, 2)}\n`, 0o600);
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** Changes whenever the file does: it is replaced, never written into. */
function stampOf(home: string): string {
  try {
    const { ino, mtimeMs } = statSync(join(home, keysFile));
    return `${ino} ${mtimeMs}`;
  } catch {
    return '';
  }
}

function isStoredKey(value: unknown): value is StoredKey {
  if (typeof value !== 'object' || value === null) return false;
  const { name, digest, createdAt } = value as Record<string, unknown>;
  return typeof name === 'string' && typeof createdAt === 'string' && /^[0-9a-f]{64}$/.test(String(digest));
}
