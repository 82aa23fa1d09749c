// The compiler and the emulator that stand in for a board. Tests that need them skip, each file by one named test, where they are missing.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const crossCompiler = 'aarch64-linux-gnu-gcc';
export const crossCompilerCxx = 'aarch64-linux-gnu-g++';
export const disassembler = 'aarch64-linux-gnu-objdump';
export const emulator = 'qemu-aarch64-static';

/** Of Debian's libc6-dev-arm64-cross: the loader and libraries of Arm programs. */
export const librariesRoot = '/usr/aarch64-linux-gnu';

export function hasTools(...names: readonly string[]): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return names.every((name) => folders.some((folder) => existsSync(join(folder, name))));
}

/** Calls `body` with the cross compiler as the compiler of the box. */
export async function withCrossCompiler<T>(body: () => Promise<T>): Promise<T> {
  const before = process.env['ONBOX_CC'];
  process.env['ONBOX_CC'] = crossCompiler;
  try {
    return await body();
  } finally {
    if (before === undefined) delete process.env['ONBOX_CC'];
    else process.env['ONBOX_CC'] = before;
  }
}
