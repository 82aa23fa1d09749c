// Files that came over ssh, by their digest: inbox/DIGEST in the home once whole, inbox/DIGEST.OWNER-RANDOM.part on the way. What a link
// that broke had brought is taken up by the next one.

import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { OnboxError } from '../../runtime/index.js';
import { digestOf } from '../jobs/install.js';
import { syncPath } from '../store/atomic.js';
import { isOwnerAlive, ownerToken } from '../store/owner.js';
import { asStorageError } from '../store/storage-error.js';
import type { ModelStore } from '../store/store.js';
import type { RemoteInput } from './protocol.js';

/** Files that are kept for the next command; the ones unused longest go first. */
const filesMax = 8;

/** A file that is there, or on its way. */
export interface Arrival {
  /** Bytes that are there. */
  readonly have: number;
  readonly path: string;
}

export class Inbox {
  private readonly store: ModelStore;

  constructor(store: ModelStore) {
    this.store = store;
  }

  /** What is there of a file: all of it, also where an installed model is the same file, or the part that came before. */
  async find({ digest, bytes }: RemoteInput): Promise<Arrival> {
    await mkdir(this.path(''), { recursive: true, mode: 0o700 });
    const { models } = await this.store.list();
    const installed = models.find(({ record }) => record.digest === digest);
    if (installed !== undefined && (await sizeOf(installed.onnx)) === bytes) return { have: bytes, path: installed.onnx };
    const whole = this.path(digest);
    if ((await sizeOf(whole)) === bytes) {
      await utimes(whole, new Date(), new Date());
      return { have: bytes, path: whole };
    }
    return await this.takeUp(digest, bytes);
  }

  /**
   * Writes the rest of a file behind what was there.
   * @param pieces exactly as many bytes as are missing
   * @returns the path of the whole file
   * @throws OnboxError `remote-cut` if they end before, `remote-invalid` if the file is not what it was announced as
   */
  async receive({ digest, bytes }: RemoteInput, { have, path }: Arrival, pieces: AsyncIterable<Uint8Array>): Promise<string> {
    if (have === bytes && !path.endsWith('.part')) return path;
    const file = await open(path, 'a', 0o600);
    try {
      for await (const piece of pieces) await file.writeFile(piece);
      await file.sync();
    } catch (error) {
      throw asStorageError(error, 'a file cannot be received');
    } finally {
      await file.close();
    }
    const size = await sizeOf(path);
    if (size < bytes) throw new OnboxError(`the link ended after ${size} of ${bytes} bytes`, { code: 'remote-cut' });
    if ((await digestOf(path)) !== digest) {
      await rm(path, { force: true });
      throw new OnboxError('the file that came is not the one that was sent', { code: 'remote-invalid' });
    }
    await rename(path, this.path(digest));
    await syncPath(this.path(''));
    await this.prune();
    return this.path(digest);
  }

  /** The largest part that no living process works on becomes this one's, by one rename. */
  private async takeUp(digest: string, bytes: number): Promise<Arrival> {
    const path = this.path(`${digest}.${ownerToken()}-${randomBytes(6).toString('hex')}.part`);
    const parts: { readonly name: string; readonly size: number }[] = [];
    for (const name of await readdir(this.path(''))) {
      if (!name.startsWith(`${digest}.`) || isOwnerAlive(name.slice(digest.length + 1))) continue;
      parts.push({ name, size: await sizeOf(this.path(name)) });
    }
    for (const { name, size } of parts.sort((a, b) => b.size - a.size)) {
      if (size > bytes) continue;
      try {
        await rename(this.path(name), path);
        return { have: size, path };
      } catch {
        // Another process took it.
      }
    }
    return { have: 0, path };
  }

  private async prune(): Promise<void> {
    const files: { readonly path: string; readonly usedMs: number }[] = [];
    for (const name of await readdir(this.path(''))) {
      const facts = await stat(this.path(name)).catch(() => undefined);
      const owner = /^[0-9a-f]{64}\.(.+)\.part$/.exec(name)?.[1];
      if (facts !== undefined && !(owner !== undefined && isOwnerAlive(owner))) {
        files.push({ path: this.path(name), usedMs: facts.mtimeMs });
      }
    }
    const old = files.sort((a, b) => b.usedMs - a.usedMs).slice(filesMax);
    for (const { path } of old) await rm(path, { force: true });
  }

  private path(name: string): string {
    return join(this.store.home, 'inbox', name);
  }
}

/** What stands for a file on the way, read while it is sent. @returns its digest and size, from one reading */
export async function measureFile(path: string): Promise<{ readonly digest: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(path)) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { digest: hash.digest('hex'), bytes };
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => -1,
  );
}
