// Query parameters: known names, once each, within their limits.

import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { OnboxError } from '../../runtime/index.js';
import type { Priority } from '../engine/queue.js';
import { printFact } from '../log.js';

/**
 * The query of a request, read by its schema. Lists are parameters that may come several times.
 * @throws OnboxError `query-invalid` naming a parameter that is unknown, repeated or outside of its limits
 */
export function readQuery<S extends z.ZodObject>(request: IncomingMessage, schema: S): z.output<S> {
  const url = request.url ?? '';
  const mark = url.indexOf('?');
  const given = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))) {
    if (!Object.hasOwn(schema.shape, name)) {
      const names = Object.keys(schema.shape).join(', ') || 'none';
      throw invalid(`unknown parameter ${printFact(name.slice(0, 80))}; known here: ${names}`);
    }
    const before = given.get(name);
    if (isList(schema.shape[name])) given.set(name, [...(before ?? []), value]);
    else if (before !== undefined) throw invalid(`the parameter "${name}" is given twice`);
    else given.set(name, value);
  }
  const read = schema.safeParse(Object.fromEntries(given));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw invalid(`"${issue?.path.join('.')}" ${issue?.message}`);
}

/** 1 goes before 2, which is usual, and that before 3. */
export function priorityOf({ priority }: { readonly priority: number }): Priority {
  return priority as Priority;
}

/** False if the query says `stream=0`: then the answer is the job, as JSON, at once. */
export function wantsStream({ stream }: { readonly stream?: string | undefined }): boolean {
  return !['0', 'false'].includes(stream ?? '1');
}

function isList(schema: unknown): boolean {
  return schema instanceof z.ZodOptional ? isList(schema.unwrap()) : schema instanceof z.ZodArray;
}

function invalid(message: string): OnboxError {
  return new OnboxError(message, { code: 'query-invalid' });
}
