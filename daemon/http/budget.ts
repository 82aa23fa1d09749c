// The memory that all bodies together may take while they are read, queued and run.

import { OnboxError } from '../../runtime/index.js';

export class MemoryBudget {
  private readonly bytesMax: number;
  private bytesTaken = 0;

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
}
