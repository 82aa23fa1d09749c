// The project's own source files, for the tests that read them.

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..', '..');
const folders = ['addon', 'daemon', 'runtime', 'systemd', 'test'];
/** Generated, or the very text that a test expects. */
const foreign = ['addon/build', 'test/golden'];

/** Paths from the root of the project, with /, of all files of the source folders, sorted. */
export function listSources(): string[] {
  return folders.flatMap(listFolder).sort();
}

export function readSource(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function listFolder(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (foreign.includes(path)) return [];
    return entry.isDirectory() ? listFolder(path) : [path];
  });
}
