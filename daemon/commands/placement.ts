// --place: which part of a model goes to which device, and the table of what was decided.

import { readFile, stat } from 'node:fs/promises';
import { OnboxError, type PlaceReport } from '../../runtime/index.js';
import { plainText, printFact } from '../log.js';
import type { CompileOptions } from '../store/record.js';
import { printTable } from './table.js';

/** A placement by hand is a handful of names. */
const fileBytesMax = 64 * 1024;
const regionsMax = 64;

/**
 * What --place means: `cpu` nothing, `mali` another target, `npu` and `auto` regions on an NPU, anything else a JSON file of regions by
 * the values that their first and last nodes write, as `[{"first": "conv1", "last": "relu4"}]`.
 * @throws OnboxError `option-invalid`, `file-missing`
 */
export async function parsePlace(text: string): Promise<Pick<CompileOptions, 'place' | 'target'>> {
  if (text === 'cpu') return {};
  if (text === 'mali') return { target: 'opencl' };
  if (text === 'npu' || text === 'auto') return { place: text };
  const facts = await stat(text).catch(() => undefined);
  if (facts?.isFile() !== true || facts.size > fileBytesMax) {
    throw new OnboxError(`a placement is cpu, mali, npu, auto or a small JSON file, got ${printFact(text)}`, {
      code: facts === undefined ? 'file-missing' : 'option-invalid',
    });
  }
  return { place: regionsOf(await readFile(text, 'utf8'), text) };
}

function regionsOf(content: string, path: string): Exclude<NonNullable<CompileOptions['place']>, string> {
  const wrong = (cause?: unknown) =>
    new OnboxError(`${printFact(path)} wants a list of regions such as [{"first": "conv1", "last": "relu4"}]`, {
      code: 'option-invalid',
      ...(cause === undefined ? {} : { cause }),
    });
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw wrong(cause);
  }
  if (!Array.isArray(value) || value.length === 0 || value.length > regionsMax) throw wrong();
  return value.map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) throw wrong();
    const { first, last } = entry as Readonly<Record<string, unknown>>;
    if (typeof first !== 'string' || typeof last !== 'string') throw wrong();
    return { first, last };
  });
}

/** Regions with their times, then the nodes that stay on the CPU with the reasons, those of one reason together. */
export function printPlacement(report: PlaceReport): string {
  const { regions, nodes, verdict, cpuMs, placedMs } = report;
  const gain = cpuMs === undefined || placedMs === undefined ? '' : ` (${ms(placedMs)} ms, on the CPU ${ms(cpuMs)} ms)`;
  const parts = [`placement: ${plainText(verdict)}${gain}\n`];
  if (regions.length > 0) {
    const rows = regions.map((region) => [
      String(region.nodes),
      ms(region.cpuMs),
      region.npuMs === undefined ? '-' : ms(region.npuMs),
      region.error === undefined ? '-' : region.error.toExponential(1),
      region.isTaken ? region.plugin : 'cpu',
      `${plainText(region.first)} .. ${plainText(region.last)}`,
      plainText(region.reason),
    ]);
    parts.push(printTable(['nodes', 'cpu ms', 'npu ms', 'error', 'target', 'region', 'reason'], rows, 3));
  }
  const reasons = new Map<string, string[]>();
  for (const { value, reason } of nodes.filter(({ target }) => target === 'cpu')) {
    reasons.set(reason, [...(reasons.get(reason) ?? []), value]);
  }
  for (const [reason, values] of reasons) {
    const rest = values.length > 1 ? ` and ${values.length - 1} more` : '';
    parts.push(`on the CPU: ${plainText(values[0] ?? '')}${rest}: ${plainText(reason)}\n`);
  }
  return parts.join('');
}

function ms(value: number): string {
  return value.toFixed(3);
}
