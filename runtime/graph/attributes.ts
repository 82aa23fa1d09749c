// Typed readers of node attributes. Canonical operators have no defaults: what a kind wants is always written down.

import { OnboxError } from '../core/error.js';
import type { Attribute, Attributes } from './graph.js';

/** @throws OnboxError `op-invalid` if it is missing, no number, or NaN */
export function numberAttribute(attributes: Attributes, name: string): number {
  const value = attributes[name];
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  throw mismatch(name, 'a number', value);
}

/** @throws OnboxError `op-invalid` if it is missing or no whole number of at least `min` */
export function integerAttribute(attributes: Attributes, name: string, min = Number.MIN_SAFE_INTEGER): number {
  const value = attributes[name];
  if (Number.isSafeInteger(value) && (value as number) >= min) return value as number;
  throw mismatch(name, min > Number.MIN_SAFE_INTEGER ? `a whole number of at least ${min}` : 'a whole number', value);
}

/** @throws OnboxError `op-invalid` if it is missing, no list of numbers, or one of them is NaN */
export function numbersAttribute(attributes: Attributes, name: string): readonly number[] {
  const value = attributes[name];
  if (isList(value) && value.every((item) => typeof item === 'number' && !Number.isNaN(item))) {
    return value as readonly number[];
  }
  throw mismatch(name, 'a list of numbers', value);
}

/**
 * A list of whole numbers of at least `min`.
 * @throws OnboxError `op-invalid` if it is missing, holds anything else, or has not `count` items (where that is given)
 */
export function integersAttribute(
  attributes: Attributes,
  name: string,
  { count, min = Number.MIN_SAFE_INTEGER }: { readonly count?: number; readonly min?: number } = {},
): readonly number[] {
  const value = numbersAttribute(attributes, name);
  if (!value.every((item) => Number.isSafeInteger(item) && item >= min)) {
    throw mismatch(name, min > Number.MIN_SAFE_INTEGER ? `whole numbers of at least ${min}` : 'whole numbers', value);
  }
  if (count !== undefined && value.length !== count) throw mismatch(name, `${count} numbers`, value);
  return value;
}

/**
 * One of a closed set of strings.
 * @throws OnboxError `op-invalid` if it is missing or another
 */
export function choiceAttribute<T extends string>(attributes: Attributes, name: string, choices: readonly T[]): T {
  const value = attributes[name];
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw mismatch(name, `one of ${choices.join(', ')}`, value);
}

/** @throws OnboxError `op-invalid` if it is missing or no boolean */
export function booleanAttribute(attributes: Attributes, name: string): boolean {
  const value = attributes[name];
  if (typeof value === 'boolean') return value;
  throw mismatch(name, 'true or false', value);
}

function isList(value: Attribute | undefined): value is readonly number[] | readonly string[] {
  return Array.isArray(value);
}

function mismatch(name: string, want: string, got: Attribute | undefined): OnboxError {
  const text = got === undefined ? 'nothing' : typeof got === 'number' ? String(got) : JSON.stringify(got).slice(0, 200);
  return new OnboxError(`attribute "${name}" wants ${want}, got ${text}`, { code: 'op-invalid' });
}

/** The level that stands for zero (`zero` of an operator on levels); 0 where there is none. */
export function zeroOf(attributes: Attributes): number {
  return attributes['zero'] === undefined ? 0 : integerAttribute(attributes, 'zero');
}
