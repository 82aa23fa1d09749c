// The files of a module folder.

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';

export const manifestFile = 'manifest.json';
export const weightsFile = 'weights.bin';
export const objectFile = 'module.so';
export const tableFile = 'table.c';
/** OpenCL C of all kernels k0, k1, … that the device runs. */
export const programFile = 'kernels.cl';
/** The program as the driver compiled it. Made again where it is missing or does not fit, so no manifest lists it. */
export const binaryFile = 'kernels.clbin';

/** The folder in a module's folder that holds the same model for another size of its picture. @param number from 1 */
export function sizeFolder(number: number): string {
  return `size-${number}`;
}

export function sourceFile(unit: number): string {
  return `kernels${unit}.c`;
}

/** Whether a manifest may name the file: nothing outside of the folder has such a name. */
export function isModuleFile(name: string): boolean {
  return [weightsFile, objectFile, tableFile, programFile].includes(name) || /^kernels[0-9]{1,4}\.c$/.test(name);
}

/** SHA-256, hex. */
export function digestOf(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The folder of package.json, of a checkout or of a build in dist/. */
export function packageRoot(): string {
  const root = resolve(__dirname, '..', '..');
  return root.endsWith('dist') ? resolve(root, '..') : root;
}
