// PoCL, the OpenCL device that every machine of the tests has.

import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { registerFlags } from '../daemon/support/server.js';

/** Lets PoCL find the kernels that it compiled in earlier runs of the tests. Before anything is loaded. */
export function keepPoclCache(): void {
  const folder = join(tmpdir(), 'onbox-test-pocl');
  mkdirSync(folder, { recursive: true });
  process.env['POCL_CACHE_DIR'] ??= folder;
}

/** How devices are tested from a test, whose own loader is not Node's. */
export const openclProbe = {
  child: { script: resolve(__dirname, '../../runtime/device/opencl-child.ts'), nodeFlags: registerFlags },
};
