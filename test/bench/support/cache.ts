// A folder for what benchmarks build, kept between runs: modules, networks, a daemon's home. It belongs to one build of onbox, and
// goes when another build makes its own, so that stale code is never measured and old weights do not fill the disk.

import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { OnboxError } from '../../../runtime/core/error.js';

/** dist/, of which this file is a part. */
const distFolder = resolve(__dirname, '..', '..', '..');

/** What decides what is in the cache: the compiler, its version among it, the header of modules, the builder of networks. */
const ingredients = ['runtime', 'addon', join('test', 'support', 'networks.js'), join('test', 'support', 'onnx-writer.js')];

/**
 * The cache of this build; those of other builds are removed.
 * @throws OnboxError `cache-unsafe` if somebody else may write there: modules are code
 */
export async function openCache(): Promise<string> {
  const parent = join(tmpdir(), `onbox-bench-${process.getuid?.() ?? 0}`);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  // Not stat: a link may lead to a folder of ours that somebody else chose.
  const facts = await lstat(parent);
  if (!facts.isDirectory() || facts.uid !== (process.getuid?.() ?? facts.uid) || (facts.mode & 0o022) !== 0) {
    throw new OnboxError(`${parent} is not a folder that only you may write; remove it`, { code: 'cache-unsafe' });
  }
  const name = buildDigest();
  for (const other of await readdir(parent)) if (other !== name) await rm(join(parent, other), { recursive: true });
  await mkdir(join(parent, name), { recursive: true });
  return join(parent, name);
}

/** SHA-256 of a file of any size, hex, as much of it as names need. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex').slice(0, digestLength);
}

const digestLength = 24;

function buildDigest(): string {
  const hash = createHash('sha256').update(process.version);
  for (const path of ingredients.flatMap((name) => listFiles(join(distFolder, name)))) {
    const bytes = readFileSync(path);
    hash.update(`${relative(distFolder, path)} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex').slice(0, digestLength);
}

/** A file, or all files below a folder, sorted. */
function listFiles(path: string): string[] {
  if (path.endsWith('.js')) return [path];
  const entries = readdirSync(path, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => join(entry.parentPath, entry.name)).sort();
}
