// gzip and deflate (the zlib container, as HTTP means it) of bodies, both ways; what a body inflates to is capped.

import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { errorCode, OnboxError } from '../../runtime/index.js';
import type { MemoryBudget } from '../http/budget.js';
import { printFact } from '../log.js';

export type Encoding = 'gzip' | 'deflate';

/** @throws OnboxError `encoding-unsupported` for any other, and for several */
export function encodingOf(header: string | undefined): Encoding | undefined {
  const encoding = (header ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return undefined;
  if (encoding === 'gzip' || encoding === 'deflate') return encoding;
  throw new OnboxError(`the Content-Encoding is gzip or deflate, not ${printFact(encoding.slice(0, 80))}`, {
    code: 'encoding-unsupported',
  });
}

/**
 * Inflates a body. What it takes from the budget is given back by `release`, also after a failure.
 * @throws OnboxError `body-too-large`, `encoding-invalid`, `memory-full`
 */
export async function inflate(
  body: Uint8Array,
  encoding: Encoding,
  bytesMax: number,
  budget: MemoryBudget,
): Promise<{ readonly bytes: Uint8Array; release(): void }> {
  const stream = encoding === 'gzip' ? zlib.createGunzip() : zlib.createInflate();
  const pieces: Buffer[] = [];
  let length = 0;
  const release = (): void => {
    budget.give(length);
    length = 0;
  };
  stream.end(body);
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      if (length + piece.byteLength > bytesMax) {
        throw new OnboxError(`the body inflates to more than ${bytesMax} bytes`, { code: 'body-too-large' });
      }
      budget.take(piece.byteLength);
      length += piece.byteLength;
      pieces.push(piece);
    }
    return { bytes: Buffer.concat(pieces), release };
  } catch (cause) {
    release();
    if (errorCode(cause) !== 'internal') throw cause;
    throw new OnboxError(`the body is not valid ${encoding}`, { code: 'encoding-invalid', cause });
  }
}

/** The encoding that a client accepts, by its header; clients of KServe name one. */
export function acceptedEncoding(header: string | undefined): Encoding | undefined {
  const names = (header ?? '')
    .split(',')
    .filter((item) => !/;\s*q=0(\.0*)?\s*$/.test(item))
    .map((item) => item.split(';', 1)[0]?.trim().toLowerCase());
  if (names.includes('gzip')) return 'gzip';
  return names.includes('deflate') ? 'deflate' : undefined;
}

const gzip = promisify(zlib.gzip);
const deflate = promisify(zlib.deflate);

export async function compress(bytes: Uint8Array, encoding: Encoding): Promise<Buffer> {
  // Tensors hardly shrink: more effort than the least is wasted on them.
  return await (encoding === 'gzip' ? gzip : deflate)(bytes, { level: 1 });
}
