// The weights file of a module: constants as kernels read them, one after the other. Written while they are packed, so that no more
// than one of them is in memory at a time besides the model itself.

import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

/** Constants begin at multiples of this: a cache line, and the widest vector. */
const weightAlignment = 64;

/** Takes the constants of a module. */
export interface WeightSink {
  /** @returns the byte offset at which `bytes` lie; equal ones lie there once */
  add(bytes: Uint8Array): number;
}

/** Owns an open file until `close`. */
export class WeightFile implements WeightSink {
  private readonly file: number;
  private readonly whole = createHash('sha256');
  private readonly known = new Map<string, number>();
  private length = 0;

  /** @param path of the file to write, which must not exist */
  constructor(path: string) {
    this.file = openSync(path, 'wx');
  }

  add(bytes: Uint8Array): number {
    const digest = createHash('sha256').update(bytes).digest('base64');
    const found = this.known.get(digest);
    if (found !== undefined) return found;
    this.write(new Uint8Array((weightAlignment - (this.length % weightAlignment)) % weightAlignment));
    const offset = this.length;
    this.write(bytes);
    this.known.set(digest, offset);
    return offset;
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.length;
  }

  /** @returns the SHA-256 of the file, hex */
  digest(): string {
    return this.whole.copy().digest('hex');
  }

  close(): void {
    closeSync(this.file);
  }

  private write(bytes: Uint8Array): void {
    this.whole.update(bytes);
    for (let done = 0; done < bytes.length; ) done += writeSync(this.file, bytes, done);
    this.length += bytes.length;
  }
}
