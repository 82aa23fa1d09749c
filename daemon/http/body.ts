// Reading a request's body: by what arrives, never by what is declared.

import type { IncomingMessage } from 'node:http';
import { OnboxError } from '../../runtime/index.js';
import { fileErrorCode } from '../file-error.js';
import { saveStream } from '../store/save.js';
import type { MemoryBudget } from './budget.js';

export interface BodyLimits {
  readonly bytesMax: number;
  /** From the first to the last byte, in ms. */
  readonly timeoutMs: number;
  /** Pieces that a body may come in; a chunk of one byte costs as much as one of 64 KiB. Triton's number. */
  readonly piecesMax: number;
}

export const imageBodyLimits: BodyLimits = { bytesMax: 32 * 1024 * 1024, timeoutMs: 60_000, piecesMax: 65_536 };

/** What a client promises is made ready at the first byte, up to here; beyond, the buffer doubles while bytes arrive. */
const believedBytesMax = 1024 * 1024;

/**
 * Refuses what need not be read at all.
 * @throws OnboxError `body-too-large`, `encoding-unsupported`
 */
export function requirePlainBody(request: IncomingMessage, bytesMax: number): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new OnboxError('bodies with a Content-Encoding are not accepted: pictures and models do not shrink by it', {
      code: 'encoding-unsupported',
    });
  }
  requireLength(request, bytesMax);
}

function requireLength(request: IncomingMessage, bytesMax: number): void {
  if (lengthOf(request) > bytesMax) throw tooLarge(bytesMax);
}

/** As declared; 0 if it is not. */
function lengthOf(request: IncomingMessage): number {
  return Number(request.headers['content-length'] ?? 0);
}

/** True if the headers announce a body. */
export function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || lengthOf(request) > 0;
}

/**
 * The whole body in memory. What it takes from the budget is given back by `release`, also after a failure.
 * @throws OnboxError `body-too-large`, `body-timeout`, `body-cut`, `body-empty`, `memory-full`, `encoding-unsupported`
 */
export async function collectBody(
  request: IncomingMessage,
  limits: BodyLimits,
  budget: MemoryBudget,
): Promise<{ readonly bytes: Uint8Array; release(): void }> {
  requirePlainBody(request, limits.bytesMax);
  return await collectBytes(request, limits, budget);
}

/** As collectBody, whatever the Content-Encoding: the bytes are those that came. */
export async function collectBytes(
  request: IncomingMessage,
  limits: BodyLimits,
  budget: MemoryBudget,
): Promise<{ readonly bytes: Uint8Array; release(): void }> {
  requireLength(request, limits.bytesMax);
  const growing = createGrowingBuffer(limits, budget, lengthOf(request));
  try {
    await eachPiece(request, limits, growing.add);
    const bytes = growing.bytes();
    if (bytes.byteLength === 0) throw new OnboxError('the request has no body', { code: 'body-empty' });
    return { bytes, release: growing.release };
  } catch (error) {
    growing.release();
    throw error;
  }
}

/**
 * Writes the body to a new file at `path`.
 * @returns its length and SHA-256 (hex)
 * @throws OnboxError `body-too-large`, `body-cut`, `body-empty`, `encoding-unsupported`, `disk-full`
 */
export async function saveBody(
  request: IncomingMessage,
  path: string,
  bytesMax: number,
): Promise<{ readonly bytes: number; readonly digest: string }> {
  requirePlainBody(request, bytesMax);
  try {
    // The socket must survive a refusal, or the client would never read the reason.
    return await saveStream(request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>, path, bytesMax);
  } catch (cause) {
    throw ['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes(fileErrorCode(cause) ?? '') ? cut(cause) : cause;
  }
}

function eachPiece(request: IncomingMessage, limits: BodyLimits, onPiece: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let pieces = 0;
    const timer = setTimeout(
      () => finish(new OnboxError(`the body did not arrive within ${limits.timeoutMs / 1000} s`, { code: 'body-timeout' })),
      limits.timeoutMs,
    );
    const onData = (piece: Buffer): void => {
      pieces++;
      try {
        if (pieces > limits.piecesMax) {
          throw new OnboxError(`the body comes in more than ${limits.piecesMax} pieces`, { code: 'body-pieces' });
        }
        onPiece(piece);
      } catch (error) {
        finish(error);
      }
    };
    const onEnd = (): void => finish();
    const onClose = (): void => finish(cut());
    const finish = (error?: unknown): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      // A socket that breaks later must not end the process.
      request.on('error', () => undefined);
      if (error === undefined) resolve();
      else reject(error);
    };
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

/** @param declared the length that the client promises, 0 if it does not */
function createGrowingBuffer(limits: BodyLimits, budget: MemoryBudget, declared: number) {
  let buffer: Buffer | undefined;
  let length = 0;
  const release = (): void => {
    if (buffer !== undefined) budget.free(buffer);
    buffer = undefined;
  };
  return {
    add(piece: Buffer): void {
      const wanted = length + piece.byteLength;
      if (wanted > limits.bytesMax) throw tooLarge(limits.bytesMax);
      if (buffer === undefined) buffer = budget.allocate(Math.max(wanted, Math.min(declared, believedBytesMax)));
      else if (wanted > buffer.byteLength) buffer = budget.allocate(wanted, buffer, length);
      piece.copy(buffer, length);
      length = wanted;
    },
    bytes: (): Uint8Array => buffer?.subarray(0, length) ?? new Uint8Array(0),
    release,
  };
}

function tooLarge(bytesMax: number): OnboxError {
  return new OnboxError(`the body is larger than ${bytesMax} bytes`, { code: 'body-too-large' });
}

function cut(cause?: unknown): OnboxError {
  return new OnboxError('the connection ended before the body did', { code: 'body-cut', cause });
}
