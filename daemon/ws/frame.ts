// A frame of a stream as it comes over the wire: a bare JPEG, PNG or WebP file; one behind a header that tells its time; or raw pixels.

import { OnboxError, type PictureSource } from '../../runtime/index.js';

export interface Frame {
  readonly image: PictureSource;
  /** When the client took it, in microseconds of its clock; undefined if it does not say. */
  readonly ptsUs: number | undefined;
}

/** ver u8, kind u8, width u16, height u16, flags u16, pts_us u64; little-endian. */
const headerBytes = 16;
const headerVersion = 1;

/** By the header's `kind`. */
const kinds: Readonly<Record<number, 'file' | 'nv12' | 'rgb24'>> = { 1: 'file', 2: 'nv12', 3: 'rgb24' };

/**
 * No picture file begins with the byte of a header, so the first byte tells which of both it is.
 * @throws OnboxError `bad-frame` naming what is wrong with the header
 */
export function readFrame(message: Uint8Array): Frame {
  if (message[0] !== headerVersion) return { image: message, ptsUs: undefined };
  if (message.byteLength < headerBytes) throw bad(`a frame header has ${headerBytes} bytes, got ${message.byteLength}`);
  const header = new DataView(message.buffer, message.byteOffset, headerBytes);
  const kind = kinds[header.getUint8(1)];
  if (kind === undefined) throw bad(`the kind of a frame is 1, 2 or 3, got ${header.getUint8(1)}`);
  if (header.getUint16(6, true) !== 0) throw bad(`the flags of a frame are 0, got ${header.getUint16(6, true)}`);
  const pts = header.getBigUint64(8, true);
  if (pts > BigInt(Number.MAX_SAFE_INTEGER)) throw bad(`pts_us is at most ${Number.MAX_SAFE_INTEGER}, got ${pts}`);
  const bytes = message.subarray(headerBytes);
  const [width, height] = [header.getUint16(2, true), header.getUint16(4, true)];
  return { image: kind === 'file' ? bytes : { format: kind, width, height, bytes }, ptsUs: Number(pts) };
}

/** @throws OnboxError `bad-frame` if it is not plain base64 */
export function readBase64Frame(text: string): Frame {
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what is no base64; what it made of the text must be all there was.
  const length = text.replace(/={1,2}$/, '').length;
  if (length === 0 || Math.ceil((bytes.byteLength * 4) / 3) !== length) throw bad('"image" is not base64');
  return { image: bytes, ptsUs: undefined };
}

export function frameBytes({ image }: Frame): number {
  return ArrayBuffer.isView(image) ? image.byteLength : image.bytes.byteLength;
}

function bad(message: string): OnboxError {
  return new OnboxError(message, { code: 'bad-frame' });
}
