// Where tests find the real models, photos and ground truth: a folder beside the project that is not part of it.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Absolute path of a file or folder of the shared test data, undefined where it is missing. ONBOX_TEST_DATA names another folder. */
export function sharedData(...parts: readonly string[]): string | undefined {
  const root = process.env['ONBOX_TEST_DATA'] ?? resolve(__dirname, '..', '..', '..', 'shared', 'data');
  const path = join(root, ...parts);
  return existsSync(path) ? path : undefined;
}
