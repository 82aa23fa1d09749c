// PoCL, the OpenCL device that every machine of the tests has.

import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Lets PoCL find the kernels that it compiled in earlier runs of the tests. Before anything is loaded. */
export function keepPoclCache(): void {
  const folder = join(tmpdir(), 'onbox-test-pocl');
  mkdirSync(folder, { recursive: true });
  process.env['POCL_CACHE_DIR'] ??= folder;
}
