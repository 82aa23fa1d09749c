// A model file that arrives as a stream, from a request's body or from standard input: counted, hashed, and on the disk.

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { OnboxError } from '../../runtime/index.js';
import { asStorageError } from './storage-error.js';

/**
 * Writes a stream to a new file at `path`.
 * @returns its length, and its SHA-256 (hex)
 * @throws OnboxError `body-too-large`, `body-empty`, of asStorageError; what the stream throws
 */
export async function saveStream(
  pieces: AsyncIterable<Uint8Array>,
  path: string,
  bytesMax: number,
): Promise<{ readonly bytes: number; readonly digest: string }> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o640);
  let bytes = 0;
  try {
    for await (const piece of pieces) {
      bytes += piece.byteLength;
      if (bytes > bytesMax) throw new OnboxError(`the model is larger than ${bytesMax} bytes`, { code: 'body-too-large' });
      hash.update(piece);
      await file.writeFile(piece);
    }
    await file.sync();
  } catch (error) {
    throw asStorageError(error, 'the model cannot be stored');
  } finally {
    await file.close();
  }
  if (bytes === 0) throw new OnboxError('the model is empty', { code: 'body-empty' });
  return { bytes, digest: hash.digest('hex') };
}
