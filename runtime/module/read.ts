// Opens a module folder without trusting it: what it says of itself and every file are checked before anything is used.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OnboxError } from '../core/error.js';
import { manifestOf } from './check-manifest.js';
import { digestOf, manifestFile, objectFile, programFile, weightsFile } from './files.js';
import { compilerVersion, type Manifest, manifestFormat } from './manifest.js';

/** The manifest as it stands on disk: JSON that ends in the digest of all before it. */
export function printManifest(manifest: Manifest): string {
  return JSON.stringify({ ...manifest, digest: digestOf(JSON.stringify(manifest)) });
}

/**
 * Reads the manifest of a module and checks it, and every file against it.
 * @throws OnboxError `module-damaged` if a file is missing or changed or a number makes no sense, `module-stale` if another version of
 *   onbox made it, `module-foreign` if it was made for another machine
 */
export async function readModule(folder: string, fingerprint: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  if (manifest.fingerprint !== fingerprint) {
    const [made, here] = [manifest.fingerprint, fingerprint].map((text) => JSON.stringify(text));
    throw new OnboxError(`the module was made for ${made}, this machine is ${here}`, { code: 'module-foreign' });
  }
  const code = manifest.target === 'cpu' ? objectFile : programFile;
  if (manifest.files[weightsFile] === undefined || manifest.files[code] === undefined) {
    throw damaged(`${manifestFile} does not list ${weightsFile} and ${code}`);
  }
  for (const [name, want] of Object.entries(manifest.files)) {
    const got = await digestOfFile(join(folder, name), name);
    if (want !== got) throw damaged(`${name} has the digest ${got}, ${manifestFile} says ${want}`);
  }
  return manifest;
}

async function readManifest(folder: string): Promise<Manifest> {
  const value = parse(await readText(folder));
  const { digest, ...rest } = value;
  if (rest['format'] !== manifestFormat) throw stale('format', rest['format'], manifestFormat);
  const got = digestOf(JSON.stringify(rest));
  if (digest !== got) throw damaged(`${manifestFile} has the digest ${got}, it says ${shown(digest)}`);
  if (rest['compiler'] !== compilerVersion) throw stale('compiler', rest['compiler'], compilerVersion);
  return manifestOf(rest);
}

async function readText(folder: string): Promise<string> {
  try {
    return await readFile(join(folder, manifestFile), 'utf8');
  } catch (cause) {
    throw damaged(`${manifestFile} cannot be read`, cause);
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(`${manifestFile} is not JSON`, cause);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw damaged(`${manifestFile} is no object`);
}

/** By and by, as weights may be larger than memory. */
async function digestOfFile(path: string, name: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  } catch (cause) {
    throw damaged(`${name} cannot be read`, cause);
  }
  return hash.digest('hex');
}

function damaged(what: string, cause?: unknown): OnboxError {
  return new OnboxError(`the module is damaged: ${what}`, { code: 'module-damaged', cause });
}

function stale(what: string, got: unknown, want: unknown): OnboxError {
  return new OnboxError(`the module has ${what} ${shown(got)}, this onbox has ${shown(want)}`, { code: 'module-stale' });
}

/** A value of a damaged file, short and harmless. */
function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80);
}
