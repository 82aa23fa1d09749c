// Where onbox itself is installed: sources and dist share one package folder.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of package.json. */
export function packageFolder(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`onbox bug: no package.json above ${__dirname}`);
    folder = parent;
  }
  return folder;
}

/** The version of onbox. */
export function packageVersion(): string {
  const value = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string };
  return value.version;
}

/** How a sibling script is named here: `.js` once built, `.ts` where a loader runs the sources. */
export function scriptPath(folder: string, name: string): string {
  return join(folder, `${name}${__filename.endsWith('.ts') ? '.ts' : '.js'}`);
}
