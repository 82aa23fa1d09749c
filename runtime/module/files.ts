// The files of a module folder: written once, checked by their digests whenever they are read.

import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OnboxError } from '../core/error.js';
import { type Manifest, manifestFormat } from './manifest.js';

export const manifestFile = 'manifest.json';
export const weightsFile = 'weights.bin';
export const objectFile = 'module.so';
export const tableFile = 'table.c';

export function sourceFile(unit: number): string {
  return `kernels${unit}.c`;
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Writes a file into a module folder, which is made if it is not there. */
export async function writeModuleFile(folder: string, name: string, content: Uint8Array | string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/**
 * Reads the manifest of a module and checks every file against it.
 * @throws OnboxError `module-damaged` if a file is missing or changed, `module-stale` if another onbox wrote it, `module-foreign` if it
 *   was made for another machine
 */
export async function readManifest(folder: string, fingerprint: string): Promise<Manifest> {
  const manifest = await parseManifest(folder);
  if (manifest.format !== manifestFormat) {
    throw new OnboxError(`the module has format ${String(manifest.format)}, this onbox reads format ${manifestFormat}`, {
      code: 'module-stale',
    });
  }
  if (manifest.fingerprint !== fingerprint) {
    throw new OnboxError(
      `the module was made for ${JSON.stringify(manifest.fingerprint)}, this machine is ${JSON.stringify(fingerprint)}`,
      {
        code: 'module-foreign',
      },
    );
  }
  for (const name of [weightsFile, objectFile]) {
    const want = manifest.files[name];
    const got = digestOf(await readOrDamaged(join(folder, name), name));
    if (want !== got)
      throw new OnboxError(`${name} of the module has the digest ${got}, its manifest says ${String(want)}`, {
        code: 'module-damaged',
      });
  }
  return manifest;
}

async function parseManifest(folder: string): Promise<Manifest> {
  const text = await readOrDamaged(join(folder, manifestFile), manifestFile);
  try {
    const manifest: unknown = JSON.parse(new TextDecoder().decode(text));
    if (typeof manifest === 'object' && manifest !== null && 'format' in manifest && 'files' in manifest)
      return manifest as Manifest;
  } catch (cause) {
    throw new OnboxError(`${manifestFile} of the module is not JSON`, { code: 'module-damaged', cause });
  }
  throw new OnboxError(`${manifestFile} of the module is no manifest`, { code: 'module-damaged' });
}

async function readOrDamaged(path: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new OnboxError(`${name} of the module cannot be read`, { code: 'module-damaged', cause });
  }
}
