// Fields of a manifest from disk: readers that refuse a wrong type or a number out of range, naming the field.

import { OnboxError } from '../core/error.js';

export type Fields = Readonly<Record<string, unknown>>;
/** Reads a value; `where` names it in errors. */
export type Reader<T> = (value: unknown, where: string) => T;

/** Far beyond any list of a module. */
export const listMax = 1_000_000;

export const readFields: Reader<Fields> = (value, where) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(where, 'an object', value);
  return value as Fields;
};

export const readText: Reader<string> = (value, where) => {
  if (typeof value !== 'string') throw wrong(where, 'a string', value);
  return value;
};

export const readDigest: Reader<string> = (value, where) => {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw wrong(where, 'a SHA-256', value);
  return value;
};

export const readTruth: Reader<boolean> = (value, where) => {
  if (typeof value !== 'boolean') throw wrong(where, 'true or false', value);
  return value;
};

export const readNumber: Reader<number> = (value, where) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(where, 'a number', value);
  return value;
};

export function wholeTo(max: number, min = 0): Reader<number> {
  return (value, where) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw wrong(where, `a whole number ${min}..${max}`, value);
  };
}

export function positiveTo(max: number): Reader<number> {
  return wholeTo(max, 1);
}

export function oneOf<T extends string>(...choices: readonly T[]): Reader<T> {
  return (value, where) => {
    const choice = choices.find((known) => known === value);
    if (choice === undefined) throw wrong(where, `one of ${choices.join(', ')}`, value);
    return choice;
  };
}

export function listOf<T>(read: Reader<T>): Reader<T[]> {
  return (value, where) => {
    if (!Array.isArray(value) || value.length > listMax) throw wrong(where, 'a list', value);
    return value.map((entry, i) => read(entry, `${where}[${i}]`));
  };
}

export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (value, where) => (value === undefined ? undefined : read(value, where));
}

export function wrong(where: string, want: string, got: unknown): OnboxError {
  const shown = (JSON.stringify(got) ?? 'nothing').slice(0, 80);
  return new OnboxError(`the module is damaged: in its manifest, ${where} should be ${want}, it is ${shown}`, {
    code: 'module-damaged',
  });
}
