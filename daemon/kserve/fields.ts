// Reading parsed JSON field by field, with errors that name the field. Only own properties count.

import { clip, invalid } from './errors.js';

export type Fields = Readonly<Record<string, unknown>>;

/** @param what names the value in the error */
export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${what} must be an object`);
  return value as Fields;
}

export function fieldOf(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

export function textOf(fields: Fields, name: string, what: string): string {
  const value = fieldOf(fields, name);
  if (typeof value !== 'string') throw invalid(`Unable to parse '${name}' of ${what}: expected a string`);
  if (/\p{Surrogate}/u.test(value)) throw invalid(`Unable to parse '${name}' of ${what}: it holds half a character`);
  return value;
}

export function listOf(fields: Fields, name: string, lengthMax: number): readonly unknown[] {
  const value = fieldOf(fields, name);
  if (!Array.isArray(value)) throw invalid(`Unable to parse '${name}': expected a list`);
  if (value.length > lengthMax) throw invalid(`'${name}' has ${value.length} entries, ${lengthMax} at most`);
  return value;
}

export function flagOf(fields: Fields, name: string): boolean | undefined {
  const value = fieldOf(fields, name);
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(`Invalid value for '${name}': expected a boolean`);
}

/** A whole number that JSON carries exactly. */
export function wholeOf(fields: Fields, name: string, min: number, max: number): number | undefined {
  const value = fieldOf(fields, name);
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw invalid(
    `Invalid value for '${name}': expected a whole number from ${min} to ${max}, got ${clip(String(JSON.stringify(value)))}`,
  );
}
