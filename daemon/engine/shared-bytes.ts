// Bytes on their way to the engine and back: pictures and tensors are laid into files of memory that both processes have open, one for
// each direction, and a message says where they lie. Through the channel itself 100 kB take five times as long. The file has no name, so that it ends with the processes.

import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Where bytes lie in the file. */
export interface Stored {
  readonly storedAt: number;
  readonly length: number;
}

/** A value in which bytes may be stored elsewhere. */
export type Packed<T> = T extends Uint8Array ? Uint8Array | Stored : { readonly [K in keyof T]: Packed<T[K]> };

/** A file system that is memory, on every Linux. */
const memoryFolder = '/dev/shm';

/** Fewer bytes are quicker in the message. */
const bytesMin = 16 * 1024;
/** A file that has grown beyond is given back as soon as nothing lies in it. */
const keptBytesMax = 16 * 1024 * 1024;

/** The side that lays bytes down. */
export class SharedBytes {
  /** Undefined where there is no such memory: then bytes go with the message. */
  readonly fd: number | undefined;
  /** What lies in the file, by ascending place. */
  private readonly stored: Stored[] = [];
  private fileBytes = 0;
  private isClosed = false;

  /** @param fd of a file that another process opened; a new file if there is none */
  constructor(fd = openNameless()) {
    this.fd = fd;
  }

  /** The value with its large bytes laid down. Where the memory is full they stay in the value. */
  pack<T>(value: T): { readonly packed: Packed<T>; readonly places: readonly Stored[] } {
    const places: Stored[] = [];
    const packed = replaceDeep(value, (part) => {
      if (!(part instanceof Uint8Array) || part.byteLength < bytesMin) return part;
      const place = this.put(part);
      if (place !== undefined) places.push(place);
      return place ?? part;
    });
    return { packed: packed as Packed<T>, places };
  }

  free(places: readonly Stored[]): void {
    for (const place of places) this.stored.splice(this.stored.indexOf(place), 1);
    if (this.fd === undefined || this.stored.length > 0 || this.fileBytes <= keptBytesMax) return;
    ftruncateSync(this.fd, 0);
    this.fileBytes = 0;
  }

  /** Frees all: the side that laid it down is gone. */
  clear(): void {
    this.stored.length = 0;
    this.fileBytes = 0;
    if (this.fd !== undefined) ftruncateSync(this.fd, 0);
  }

  close(): void {
    if (this.fd !== undefined && !this.isClosed) closeSync(this.fd);
    this.isClosed = true;
  }

  private put(bytes: Uint8Array): Stored | undefined {
    if (this.fd === undefined) return undefined;
    const index = this.gapFor(bytes.byteLength);
    const before = this.stored[index - 1];
    const place: Stored = { storedAt: before === undefined ? 0 : endOf(before), length: bytes.byteLength };
    try {
      for (let done = 0; done < bytes.byteLength; ) {
        done += writeSync(this.fd, bytes, done, bytes.byteLength - done, place.storedAt + done);
      }
    } catch {
      return undefined;
    }
    this.stored.splice(index, 0, place);
    this.fileBytes = Math.max(this.fileBytes, endOf(place));
    return place;
  }

  /** Index behind which there is room. */
  private gapFor(length: number): number {
    let end = 0;
    for (const [index, place] of this.stored.entries()) {
      if (place.storedAt - end >= length) return index;
      end = endOf(place);
    }
    return this.stored.length;
  }
}

/** The other side: the value with all bytes in it again. */
export function unpack<T>(value: Packed<T>, fd: number): T {
  return replaceDeep(value, (part) => (isStored(part) ? read(part, fd) : part)) as T;
}

function read({ storedAt, length }: Stored, fd: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length; ) {
    const count = readSync(fd, bytes, done, length - done, storedAt + done);
    if (count === 0) throw new Error(`onbox bug: ${length} shared bytes at ${storedAt} end after ${done}`);
    done += count;
  }
  return bytes;
}

function replaceDeep(value: unknown, replace: (part: unknown) => unknown): unknown {
  const replaced = replace(value);
  if (replaced !== value || typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return replaced;
  if (Array.isArray(value)) return value.map((each) => replaceDeep(each, replace));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, replaceDeep(each, replace)]));
}

function isStored(value: unknown): value is Stored {
  return typeof value === 'object' && value !== null && 'storedAt' in value;
}

function endOf({ storedAt, length }: Stored): number {
  return storedAt + length;
}

/** The file that was handed down under this number; undefined where there is no such memory. */
export function inheritedFile(fd: number): number | undefined {
  try {
    return fstatSync(fd).isFile() ? fd : undefined;
  } catch {
    return undefined;
  }
}

function openNameless(): number | undefined {
  const path = join(memoryFolder, `onbox-${randomBytes(12).toString('hex')}`);
  try {
    const fd = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return fd;
  } catch {
    return undefined;
  }
}
