// What clients may say in JSON about a stream or session, read field by field: each reader returns the value or names what is wrong.

import { OnboxError } from '../../runtime/index.js';
import { printFact } from '../log.js';

export type Fields = Readonly<Record<string, unknown>>;

/** The longest list that is looked at. */
const listMax = 256;

/** @throws OnboxError with `code`, as all readers here throw `bad-config` */
export function objectOf(value: unknown, where: string, code = 'bad-config'): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new OnboxError(`${where} is an object, got ${shown(value)}`, { code });
}

export function noMore(rest: Fields, where: string): void {
  const [name] = Object.keys(rest);
  if (name !== undefined) throw wrong(`unknown field ${shown(name)} of ${where}`);
}

export function listOf<T>(value: unknown, where: string, read: (each: unknown, where: string) => T): T[] {
  if (!Array.isArray(value) || value.length > listMax) {
    throw wrong(`${where} wants a list of at most ${listMax}, got ${shown(value)}`);
  }
  return value.map((each, i) => read(each, `${where}[${i}]`));
}

export function textsOf(value: unknown, where: string): string[] {
  return listOf(value, where, textOf);
}

export function textOf(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw wrong(`${where} wants a text, got ${shown(value)}`);
}

export function truthOf(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(`${where} wants true or false, got ${shown(value)}`);
}

export function numberOf(value: unknown, where: string, min: number, max: number, whole = false): number {
  if (typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw wrong(`${where} wants a ${whole ? 'whole ' : ''}number from ${min} to ${max}, got ${shown(value)}`);
}

export function oneOf<T extends string>(value: unknown, where: string, choices: readonly T[]): T {
  const choice = choices.find((known) => known === value);
  if (choice !== undefined) return choice;
  throw wrong(`${where} wants ${choices.join(' or ')}, got ${shown(value)}`);
}

export function shown(value: unknown): string {
  return printFact(value).slice(0, 80);
}

export function wrong(message: string): OnboxError {
  return new OnboxError(message, { code: 'bad-config' });
}
