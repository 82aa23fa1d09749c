// The flags of benchmarks.

import { parseArgs } from 'node:util';
import { errorMessage, OnboxError } from '../../../runtime/core/error.js';

/**
 * The texts of `--name value` flags; a flag that is left out has none.
 * @throws OnboxError `usage` for anything that is not one of `names` with a value
 */
export function parseFlags<Name extends string>(
  args: readonly string[],
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' } as const]));
  try {
    return parseArgs({ args: [...args], options, strict: true }).values as Partial<Record<Name, string>>;
  } catch (cause) {
    const flags = names.map((name) => `--${name}`).join(', ');
    throw new OnboxError(`${errorMessage(cause)}; the flags are: ${flags}`, { code: 'usage', cause });
  }
}

/** Whole numbers with commas between them, such as `1,2`. @throws OnboxError `usage` */
export function parseCounts(flag: string, text: string, max: number): number[] {
  return text.split(',').map((part) => {
    const value = Number(part);
    if (/^\d+$/.test(part) && value >= 1 && value <= max) return value;
    throw new OnboxError(`--${flag} wants whole numbers from 1 to ${max}, got ${JSON.stringify(part)}`, { code: 'usage' });
  });
}

/** One of them. @throws OnboxError `usage` */
export function parseCount(flag: string, text: string, max: number): number {
  const [value = 0, ...others] = parseCounts(flag, text, max);
  if (others.length === 0) return value;
  throw new OnboxError(`--${flag} wants one number, got ${JSON.stringify(text)}`, { code: 'usage' });
}
