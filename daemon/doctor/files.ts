// The files of the machine under examination, below a root that is another folder than / in tests. What is missing or not to be read is
// a missing fact, never an error.

import { readdirSync, readFileSync, readlinkSync, type Stats, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Space {
  readonly freeBytes: number;
  readonly bytes: number;
  readonly freeInodes: number;
  /** 0 where the file system does not count them. */
  readonly inodes: number;
}

/** A driver's library is some tens of MiB; what is larger is not read. */
const searchedBytesMax = 128 * 1024 * 1024;

export class Files {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Where `path`, which starts with /, lies on this machine. */
  at(path: string): string {
    return join(this.root, path);
  }

  /** Without white space at the ends and without the NUL in which texts of the device tree end; empty if there is none. */
  text(path: string): string {
    return this.strings(path).join(' ').trim();
  }

  /** Texts that are separated by NUL, as in the device tree. */
  strings(path: string): readonly string[] {
    try {
      return readFileSync(this.at(path), 'utf8')
        .split('\0')
        .filter((text) => text !== '');
    } catch {
      return [];
    }
  }

  /** NaN if there is no number. */
  number(path: string): number {
    const text = this.text(path);
    return text === '' ? Number.NaN : Number(text);
  }

  /** Sorted. */
  names(path: string): readonly string[] {
    try {
      return readdirSync(this.at(path)).sort();
    } catch {
      return [];
    }
  }

  /** Names that match, as paths from /. */
  list(folder: string, pattern: RegExp): readonly string[] {
    return this.names(folder)
      .filter((name) => pattern.test(name))
      .map((name) => `${folder}/${name}`);
  }

  stat(path: string): Stats | undefined {
    return statSync(this.at(path), { throwIfNoEntry: false });
  }

  has(path: string): boolean {
    try {
      return this.stat(path) !== undefined;
    } catch {
      return false;
    }
  }

  /** What a symbolic link says, as it stands there. */
  link(path: string): string | undefined {
    try {
      return readlinkSync(this.at(path));
    } catch {
      return undefined;
    }
  }

  space(path: string): Space | undefined {
    try {
      const { bavail, blocks, bsize, ffree, files } = statfsSync(this.at(path));
      return { freeBytes: bavail * bsize, bytes: blocks * bsize, freeInodes: ffree, inodes: files };
    } catch {
      return undefined;
    }
  }

  /** The first text in a binary file that matches, its first group. */
  search(path: string, pattern: RegExp): string | undefined {
    try {
      const facts = this.stat(path);
      if (facts === undefined || facts.size > searchedBytesMax) return undefined;
      return pattern.exec(readFileSync(this.at(path), 'latin1'))?.[1];
    } catch {
      return undefined;
    }
  }
}
