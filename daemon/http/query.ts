// Query parameters: known names, once each, within their limits.

import type { IncomingMessage } from 'node:http';
import { OnboxError } from '../../runtime/index.js';
import { type Limits, parseNumber, printLimits } from '../api/limits.js';
import { type Priority, usualPriority } from '../engine/queue.js';
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
      const names = known.length === 0 ? 'none' : known.join(', ').replaceAll('[]', '');
      throw invalid(`unknown parameter ${printFact(name.slice(0, 80))}; known here: ${names}`);
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
export function numberOf<F>(query: Query, name: string, fallback: F, limits: Limits): number | F {
  const text = query.get(name);
  if (text === undefined) return fallback;
  const value = parseNumber(text, limits);
  if (value === undefined) throw invalid(`"${name}" wants ${printLimits(limits)}, got ${printFact(text.slice(0, 80))}`);
  return value;
}

/** 1 goes before 2, which is usual, and that before 3. @throws OnboxError `query-invalid` */
export function priorityOf(query: Query): Priority {
  return numberOf(query, 'priority', usualPriority, { min: 1, max: 3, whole: true }) as Priority;
}

function invalid(message: string): OnboxError {
  return new OnboxError(message, { code: 'query-invalid' });
}
