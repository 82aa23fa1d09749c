// The files of a module folder.

import { createHash } from 'node:crypto';

export const manifestFile = 'manifest.json';
export const weightsFile = 'weights.bin';
export const objectFile = 'module.so';
export const tableFile = 'table.c';

export function sourceFile(unit: number): string {
  return `kernels${unit}.c`;
}

/** Whether a manifest may name the file: nothing outside of the folder has such a name. */
export function isModuleFile(name: string): boolean {
  return name === weightsFile || name === objectFile || name === tableFile || /^kernels[0-9]{1,4}\.c$/.test(name);
}

/** SHA-256, hex. */
export function digestOf(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}
