// The memory that all bodies together may take while they are read, queued and run.

import { OnboxError } from '../../runtime/index.js';

/** Buffers of these sizes are used again: fresh ones make the collector of V8 look at everything after some dozens of pictures. */
const spareBytesMin = 64 * 1024;
const spareBytesMax = 1024 * 1024;
/** Of each power of two. */
const sparesMax = 4;

export class MemoryBudget {
  private readonly bytesMax: number;
  private bytesTaken = 0;
  private readonly spares = new Map<number, Buffer[]>();

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get taken(): number {
    return this.bytesTaken;
  }

  /** @throws OnboxError `memory-full`; nothing is taken then */
  take(bytes: number): void {
    if (this.bytesTaken + bytes > this.bytesMax) {
      throw new OnboxError(
        `the bodies of the requests in work take ${this.bytesTaken} of ${this.bytesMax} bytes; try again later`,
        {
          code: 'memory-full',
        },
      );
    }
    this.bytesTaken += bytes;
  }

  give(bytes: number): void {
    this.bytesTaken -= bytes;
  }

  /**
   * A buffer of at least `bytes`, with whatever lay in it before.
   * @param smaller a buffer that the new one replaces, with its first `length` bytes
   * @throws OnboxError `memory-full`; `smaller` stays what it was then
   */
  allocate(bytes: number, smaller?: Buffer, length = 0): Buffer {
    const size = Math.max(spareBytesMin, 2 ** Math.ceil(Math.log2(bytes)));
    this.take(size - (smaller?.byteLength ?? 0));
    const buffer = this.spares.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size);
    if (smaller !== undefined) {
      smaller.copy(buffer, 0, 0, length);
      this.spare(smaller);
    }
    return buffer;
  }

  /** Takes a buffer of `allocate` back; nobody may look at it any more. */
  free(buffer: Buffer): void {
    this.give(buffer.byteLength);
    this.spare(buffer);
  }

  private spare(buffer: Buffer): void {
    if (buffer.byteLength > spareBytesMax) return;
    const spares = this.spares.get(buffer.byteLength) ?? [];
    if (spares.length < sparesMax) this.spares.set(buffer.byteLength, [...spares, buffer]);
  }
}
