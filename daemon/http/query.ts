// Query parameters: known names, once each, within their limits.

import type { IncomingMessage } from 'node:http';
import { OnboxError } from '../../runtime/index.js';
import { printFact } from '../log.js';

export type Query = ReadonlyMap<string, string>;

/**
 * The query of a request. Names that end in `[]` in `known` may come several times; they are joined with line ends.
 * @throws OnboxError `query-invalid` naming a parameter that is unknown or repeated
 */
export function readQuery(request: IncomingMessage, known: readonly string[]): Query {
  const url = request.url ?? '';
  const mark = url.indexOf('?');
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))) {
    const isList = known.includes(`${name}[]`);
    if (!isList && !known.includes(name)) {
      throw invalid(`unknown parameter ${printFact(name.slice(0, 80))}; known here: ${known.join(', ').replaceAll('[]', '')}`);
    }
    const before = query.get(name);
    if (before !== undefined && !isList) throw invalid(`the parameter "${name}" is given twice`);
    query.set(name, before === undefined ? value : `${before}\n${value}`);
  }
  return query;
}

/**
 * A number of the query, or `fallback` where it is not given.
 * @throws OnboxError `query-invalid` naming the parameter, its limits and what came
 */
export function numberOf(
  query: Query,
  name: string,
  fallback: number,
  limits: { readonly min: number; readonly max: number; readonly whole?: boolean },
): number {
  const text = query.get(name);
  if (text === undefined) return fallback;
  // Number() would take '', ' 1 ', '0x10' and 'Infinity' too.
  const value = /^[0-9]{1,12}(\.[0-9]{1,12})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= limits.min && value <= limits.max) || (limits.whole === true && !Number.isInteger(value))) {
    const kind = limits.whole === true ? 'a whole number' : 'a number';
    throw invalid(`"${name}" wants ${kind} from ${limits.min} to ${limits.max}, got ${printFact(text.slice(0, 80))}`);
  }
  return value;
}

function invalid(message: string): OnboxError {
  return new OnboxError(message, { code: 'query-invalid' });
}
