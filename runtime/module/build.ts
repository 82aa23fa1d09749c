// Writes the sources of a module, runs the compiler of the box on them and leaves the shared object.

import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { writeTable, writeUnit } from '../codegen/c.js';
import { compileShared } from '../device/toolchain.js';
import type { Parts } from './assemble.js';
import { objectFile, sourceFile, tableFile, weightsFile, writeModuleFile } from './files.js';

/** gcc is stopped after this. */
const compilerTimeoutMs = 20 * 60_000;

/** Of all modules; -ffp-contract lets a product and a sum become one instruction. */
const commonFlags = [
  '-std=gnu11',
  '-fvisibility=hidden',
  '-ffp-contract=fast',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-fno-semantic-interposition',
];

/** The folder of onbox_module.h: beside the sources in a checkout, beside dist/ in a build. */
function includeFolder(): string {
  const root = resolve(__dirname, '..', '..');
  return resolve(root.endsWith('dist') ? resolve(root, '..') : root, 'addon', 'include');
}

/**
 * @param flags for the machine and the optimisation level
 * @throws OnboxError `toolchain-missing`, `toolchain-failed`, `toolchain-timeout`
 */
export async function buildModule(folder: string, parts: Parts, isa: string, flags: readonly string[]): Promise<void> {
  const units = shareOut(parts, Math.max(1, cpus().length));
  const names = units.map((_, unit) => sourceFile(unit));
  const sources = await Promise.all(
    units.map((kernels, unit) => writeModuleFile(folder, sourceFile(unit), writeUnit(kernels, isa))),
  );
  const table = await writeModuleFile(folder, tableFile, writeTable(parts.kernels.length));
  await writeModuleFile(folder, weightsFile, parts.weights);
  await compileShared({
    sources: [...sources, table],
    output: resolve(folder, objectFile),
    flags: [...commonFlags, ...flags, `-I${includeFolder()}`],
    timeoutMs: compilerTimeoutMs * Math.max(1, names.length),
  });
}

/** Splits the kernels into files of about the same length. */
function shareOut(parts: Parts, count: number): string[][] {
  const units: { text: string[]; length: number }[] = Array.from({ length: Math.min(count, parts.kernels.length) }, () => ({
    text: [],
    length: 0,
  }));
  for (const { text } of [...parts.kernels].sort((a, b) => b.text.length - a.text.length)) {
    const smallest = units.reduce((least, unit) => (unit.length < least.length ? unit : least));
    smallest.text.push(text);
    smallest.length += text.length;
  }
  return units.map((unit) => unit.text);
}
