// node:fs/promises with a power switch: every operation that changes the disk is counted, and at a chosen one the machine "dies" (nothing
// after it happens, not even a `finally`) or the disk refuses. At the death the disk can be brought into the states that a power cut
// leaves: what was not synced is empty, or was never there.

import type * as Fs from 'node:fs/promises';
import { dirname, join } from 'node:path';

type FsPromises = typeof Fs;
type Loss = 'nothing' | 'contents' | 'names';

class Faults {
  /** Operations since `arm`. */
  count = 0;
  private at = 0;
  private refusal: string | undefined;
  private onDeath: (() => void) | undefined;
  /** Files with contents that no sync has made durable. */
  private readonly dirty = new Set<string>();
  /** Changes of folders that no sync of the folder has made durable, oldest first. */
  private changes: { readonly folders: readonly string[]; undo(): Promise<void> }[] = [];

  /** From now on operation number `at` fails with an error code, or the machine dies at it where there is none. */
  arm(at: number, refusal?: string): void {
    this.count = 0;
    this.at = at;
    this.refusal = refusal;
    this.dirty.clear();
    this.changes = [];
  }

  /** Resolves when the machine dies. */
  death(): Promise<void> {
    return new Promise((resolve) => {
      this.onDeath = resolve;
    });
  }

  disarm(): void {
    this.at = 0;
    this.onDeath = undefined;
  }

  /** @param half does the first half of the operation, for those that are not one step */
  async step<T>(operation: () => Promise<T>, half?: () => Promise<unknown>): Promise<T> {
    if (this.at === 0 || ++this.count !== this.at) return await operation();
    if (this.refusal !== undefined) throw Object.assign(new Error(this.refusal), { code: this.refusal, syscall: 'test' });
    await half?.();
    this.onDeath?.();
    return await new Promise<never>(() => undefined);
  }

  wrote(path: string): void {
    if (this.at > 0) this.dirty.add(path);
  }

  changed(folders: readonly string[], undo: () => Promise<void>): void {
    if (this.at > 0) this.changes.push({ folders, undo });
  }

  synced(path: string): void {
    this.dirty.delete(path);
    this.changes = this.changes.filter(({ folders }) => !folders.every((folder) => folder === path || !folders.includes(path)));
  }

  moved(from: string, to: string): void {
    for (const path of [...this.dirty]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.dirty.delete(path);
      this.dirty.add(to + path.slice(from.length));
    }
  }

  linked(from: string, to: string): void {
    if (this.dirty.has(from)) this.dirty.add(to);
  }

  /** What the disk holds once the power is back. */
  async lose(loss: Loss, fs: FsPromises): Promise<void> {
    if (loss === 'contents') for (const path of this.dirty) await fs.truncate(path, 0).catch(() => undefined);
    if (loss === 'names') for (const { undo } of this.changes.reverse()) await undo().catch(() => undefined);
  }
}

export const faults = new Faults();

/** `actual` with the operations counted that onbox's store uses. Syncs are believed, not done. */
export function faultyFs(actual: FsPromises): FsPromises {
  const made = (path: string): void => faults.changed([dirname(path)], () => actual.rm(path, { recursive: true }));
  const wrapHandle = (path: string, handle: Fs.FileHandle): Fs.FileHandle =>
    new Proxy(handle, {
      get(target, property) {
        if (property === 'sync') return () => faults.step(async () => faults.synced(path));
        if (property === 'writeFile') {
          return (data: string | Uint8Array) => {
            faults.wrote(path);
            return faults.step(
              () => target.writeFile(data),
              () => target.writeFile(data.slice(0, data.length >> 1)),
            );
          };
        }
        const value: unknown = Reflect.get(target, property);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  return {
    ...actual,
    open: (async (path: string, flags: string, mode?: number) => {
      if (flags === 'r') return wrapHandle(path, await actual.open(path, flags));
      const handle = await faults.step(() => actual.open(path, flags, mode));
      made(path);
      return wrapHandle(path, handle);
    }) as FsPromises['open'],
    mkdir: (async (path: string, options: { readonly recursive?: boolean }) => {
      const first = await faults.step(() => actual.mkdir(path, options));
      for (let folder = path; first !== undefined && folder.length >= first.length; folder = dirname(folder)) made(folder);
      return first;
    }) as FsPromises['mkdir'],
    rename: (async (from: string, to: string) => {
      await faults.step(() => actual.rename(from, to));
      faults.moved(from, to);
      // A move between two folders is durable once the new one is synced: file systems with a journal keep the order.
      faults.changed([dirname(to)], () => actual.rename(to, from));
    }) as FsPromises['rename'],
    link: (async (from: string, to: string) => {
      await faults.step(() => actual.link(from, to));
      faults.linked(from, to);
      made(to);
    }) as FsPromises['link'],
    copyFile: (async (from: string, to: string) => {
      faults.wrote(to);
      await faults.step(
        () => actual.copyFile(from, to),
        async () => actual.writeFile(to, (await actual.readFile(from)).subarray(1)),
      );
      made(to);
    }) as FsPromises['copyFile'],
    rm: (async (path: string, options: object) => {
      await faults.step(
        () => actual.rm(path, options),
        async () => {
          const [first] = await actual.readdir(path).catch(() => []);
          if (first !== undefined) await actual.rm(join(path, first), { recursive: true });
        },
      );
    }) as FsPromises['rm'],
  };
}
