// Plugins of NPUs: where they may come from, and what they say of themselves. A plugin is code with the rights of this process, so it is
// taken only from folders that the owner of the machine named, and that nobody else can write to.

import { createHash } from 'node:crypto';
import { readdirSync, type Stats, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { NpuFacts, NpuPlugin } from '../../addon/index.js';
import { errorMessage, OnboxError } from '../core/error.js';
import { askNpu } from './native.js';

/** Where the folders stand, by absolute path, with commas between. */
const npuFoldersVariable = 'ONBOX_NPU_FOLDERS';
/** Options of plugins, as `rknn.library=/usr/lib/librknnrt.so`, with commas between. */
const npuOptionsVariable = 'ONBOX_NPU_OPTIONS';

/** Milliseconds after which a run is taken to hang. */
const timeoutVariable = 'ONBOX_NPU_TIMEOUT_MS';
const timeoutMsDefault = 2000;
const timeoutMsMax = 600_000;

export interface FoundPlugin extends NpuPlugin {
  /** Of the file, without `.so`. */
  readonly name: string;
}

const groupOrOthersWrite = 0o022;

/**
 * The plugins of the configured folders, by folder and name.
 * @throws OnboxError `npu-folder` if a folder or file is not absolute, not ours or root's, or can be written by others
 */
export function listNpuPlugins(environment: NodeJS.ProcessEnv = process.env): readonly FoundPlugin[] {
  const folders = listOf(environment[npuFoldersVariable]);
  const options = listOf(environment[npuOptionsVariable]);
  return folders.flatMap((folder) => {
    if (!isAbsolute(folder)) throw unsafe(folder, 'is no absolute path');
    requireSafe(folder, (facts) => facts.isDirectory() || 'is no folder');
    const files = readdirSync(folder).filter((file) => /^[a-z0-9][a-z0-9_-]{0,63}\.so$/.test(file));
    return files.sort().map((file): FoundPlugin => {
      const path = join(folder, file);
      requireSafe(path, (facts) => facts.isFile() || 'is no file');
      const name = file.slice(0, -'.so'.length);
      const own = options.filter((option) => option.startsWith(`${name}.`)).map((option) => option.slice(name.length + 1));
      return { name, path, options: own.map((line) => `${line}\n`).join('') };
    });
  });
}

/**
 * The plugin of this name, the first where several folders have one.
 * @throws OnboxError `npu-missing`, `npu-folder`
 */
export function findNpuPlugin(name: string, environment: NodeJS.ProcessEnv = process.env): FoundPlugin {
  const found = listNpuPlugins(environment).find((plugin) => plugin.name === name);
  if (found !== undefined) return found;
  throw new OnboxError(`no folder of ${npuFoldersVariable} has the plugin ${JSON.stringify(name)}`, { code: 'npu-missing' });
}

/** What must be the same for a region to be as fast and as right as it was. */
export function npuFingerprint(facts: NpuFacts): string {
  const { plugin, version, device, runtime, driver } = facts;
  const digest = createHash('sha256')
    .update(JSON.stringify([plugin, version, device, runtime, driver]))
    .digest('hex');
  return `npu-${digest.slice(0, 16)}`;
}

/** Milliseconds that a run may take before the device counts as lost. */
export function npuRunTimeoutMs(environment: NodeJS.ProcessEnv = process.env): number {
  const given = Number(environment[timeoutVariable]);
  return Number.isInteger(given) && given >= 1 && given <= timeoutMsMax ? given : timeoutMsDefault;
}

/** Opens the plugin in this process. @throws OnboxError of `NativeAddon.askNpu` */
export function describeNpu(plugin: NpuPlugin): NpuFacts {
  return askNpu(plugin);
}

function requireSafe(path: string, check: (facts: Stats) => true | string): void {
  let facts: Stats;
  try {
    facts = statSync(path);
  } catch (cause) {
    throw unsafe(path, `cannot be read: ${errorMessage(cause)}`);
  }
  const wrong = check(facts);
  if (wrong !== true) throw unsafe(path, wrong);
  const self = process.getuid?.();
  if (facts.uid !== 0 && facts.uid !== self) throw unsafe(path, `belongs to user ${facts.uid}, neither to root nor to ${self}`);
  if ((facts.mode & groupOrOthersWrite) !== 0) throw unsafe(path, `can be written by others; run: chmod go-w ${path}`);
}

function listOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function unsafe(path: string, why: string): OnboxError {
  return new OnboxError(`${npuFoldersVariable}: ${JSON.stringify(path)} ${why}`, { code: 'npu-folder' });
}
