// Index arithmetic: sums of loop variables with whole-number coefficients, and quotients and remainders of such sums by constants.
// Every variable carries its extent, so that ranges are known without a context and each constructor returns the simplest form.

import { assert } from '../core/assert.js';
import type { Expression } from './program.js';

/** A loop variable, 0 <= value < extent. */
export interface Variable {
  readonly kind: 'variable';
  readonly name: string;
  readonly extent: number;
}

/** floor(of / by) or of - by * floor(of / by), `by` > 0. */
export interface Division {
  readonly kind: 'quotient' | 'remainder';
  readonly of: Affine;
  readonly by: number;
}

/** A whole number that is only known at run time, with the limits that it is clamped to. */
export interface Measured {
  readonly kind: 'measured';
  readonly value: Expression;
  readonly min: number;
  readonly max: number;
  readonly key: string;
}

export type Atom = Variable | Division | Measured;

export interface Term {
  readonly atom: Atom;
  readonly coefficient: number;
}

/** constant + sum of coefficient * atom. Terms are sorted by the key of their atom; no coefficient is 0. */
export interface Affine {
  readonly constant: number;
  readonly terms: readonly Term[];
}

const zero: Affine = { constant: 0, terms: [] };

export function constant(value: number): Affine {
  return value === 0 ? zero : { constant: value, terms: [] };
}

/** A loop variable as an index; a loop of one iteration is the constant 0. */
export function variable(name: string, extent: number): Affine {
  return extent === 1 ? zero : ofAtom({ kind: 'variable', name, extent });
}

export function ofAtom(atom: Atom): Affine {
  return { constant: 0, terms: [{ atom, coefficient: 1 }] };
}

/** Text that is equal for equal atoms, and the text form of the IR. */
export function atomKey(atom: Atom): string {
  switch (atom.kind) {
    case 'variable':
      return atom.name;
    case 'quotient':
      return `(${affineKey(atom.of)}) / ${atom.by}`;
    case 'remainder':
      return `(${affineKey(atom.of)}) % ${atom.by}`;
    case 'measured':
      return atom.key;
  }
}

const keys = new WeakMap<Affine, string>();

/** The text of an index, as `h * 2 + r + 1`. */
export function affineKey(index: Affine): string {
  const known = keys.get(index);
  if (known !== undefined) return known;
  let text = '';
  for (const { atom, coefficient } of index.terms) {
    const size = Math.abs(coefficient);
    const factor = size === 1 ? atomKey(atom) : `${parenthesise(atom)} * ${size}`;
    if (text === '') text = coefficient < 0 ? `-${factor}` : factor;
    else text += coefficient < 0 ? ` - ${factor}` : ` + ${factor}`;
  }
  if (text === '') text = String(index.constant);
  else if (index.constant !== 0) text += index.constant < 0 ? ` - ${-index.constant}` : ` + ${index.constant}`;
  keys.set(index, text);
  return text;
}

function parenthesise(atom: Atom): string {
  return atom.kind === 'quotient' || atom.kind === 'remainder' ? `(${atomKey(atom)})` : atomKey(atom);
}

/** The constant that an index is, undefined where it varies. */
export function constantOf(index: Affine): number | undefined {
  return index.terms.length === 0 ? index.constant : undefined;
}

/** Least and greatest value, both inclusive. Exact where every variable stands once. */
export function rangeOf(index: Affine): readonly [number, number] {
  let min = index.constant;
  let max = index.constant;
  for (const { atom, coefficient } of index.terms) {
    const [low, high] = atomRange(atom);
    min += coefficient > 0 ? coefficient * low : coefficient * high;
    max += coefficient > 0 ? coefficient * high : coefficient * low;
  }
  return [min, max];
}

function atomRange(atom: Atom): readonly [number, number] {
  switch (atom.kind) {
    case 'variable':
      return [0, atom.extent - 1];
    case 'quotient': {
      const [low, high] = rangeOf(atom.of);
      return [Math.floor(low / atom.by), Math.floor(high / atom.by)];
    }
    case 'remainder':
      return [0, atom.by - 1];
    case 'measured':
      return [atom.min, atom.max];
  }
}

function normalise(constantPart: number, terms: readonly Term[]): Affine {
  if (terms.length === 0) return constant(constantPart);
  const byKey = new Map<string, Term>();
  for (const term of terms) {
    const key = atomKey(term.atom);
    const known = byKey.get(key);
    const coefficient = (known?.coefficient ?? 0) + term.coefficient;
    if (coefficient === 0) byKey.delete(key);
    else byKey.set(key, { atom: term.atom, coefficient });
  }
  const recombined = recombine(byKey);
  if (recombined !== undefined) return add(normalise(constantPart, [...byKey.values()]), recombined);
  const sorted = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, term]) => term);
  return { constant: constantPart, terms: sorted };
}

/** Takes one pair (x / n) * n * c and (x % n) * c out of the terms and returns x * c. */
function recombine(byKey: Map<string, Term>): Affine | undefined {
  for (const [key, { atom, coefficient }] of byKey) {
    if (atom.kind !== 'remainder') continue;
    // The quotient as its constructor writes it: that of (x / 3) by 2 is x / 6.
    const whole = scale(quotient(atom.of, atom.by), coefficient * atom.by);
    if (!whole.terms.every((term) => byKey.get(atomKey(term.atom))?.coefficient === term.coefficient)) continue;
    byKey.delete(key);
    for (const term of whole.terms) byKey.delete(atomKey(term.atom));
    return offset(scale(atom.of, coefficient), -whole.constant);
  }
  return undefined;
}

export function add(a: Affine, b: Affine): Affine {
  if (b.terms.length === 0) return b.constant === 0 ? a : { constant: a.constant + b.constant, terms: a.terms };
  if (a.terms.length === 0) return add(b, a);
  return normalise(a.constant + b.constant, [...a.terms, ...b.terms]);
}

export function scale(index: Affine, factor: number): Affine {
  if (factor === 1) return index;
  if (factor === 0) return zero;
  const terms = index.terms.map(({ atom, coefficient }) => ({ atom, coefficient: coefficient * factor }));
  // 0 * -1 is -0, which is not the 0 of a constant.
  return { constant: index.constant * factor + 0, terms };
}

export function offset(index: Affine, by: number): Affine {
  return by === 0 ? index : { constant: index.constant + by, terms: index.terms };
}

export function subtract(a: Affine, b: Affine): Affine {
  return add(a, scale(b, -1));
}

/** floor(index / by). */
export function quotient(index: Affine, by: number): Affine {
  return divide(index, by).quotient;
}

/** index - by * floor(index / by). */
export function remainder(index: Affine, by: number): Affine {
  return divide(index, by).remainder;
}

function divide(index: Affine, by: number): { quotient: Affine; remainder: Affine } {
  assert(Number.isInteger(by) && by > 0, `division of an index by ${by}`);
  if (by === 1) return { quotient: index, remainder: zero };
  const whole = index.terms.filter((term) => term.coefficient % by === 0);
  const wholeConstant = Math.floor(index.constant / by);
  const outside = {
    constant: wholeConstant,
    terms: whole.map(({ atom, coefficient }) => ({ atom, coefficient: coefficient / by })),
  };
  const rest: Affine = {
    constant: index.constant - wholeConstant * by,
    terms: index.terms.filter((term) => term.coefficient % by !== 0),
  };
  const inside = divideRest(rest, by);
  return { quotient: add(outside, inside.quotient), remainder: inside.remainder };
}

/** Of an index without terms that `by` divides. */
function divideRest(rest: Affine, by: number): { quotient: Affine; remainder: Affine } {
  const [min, max] = rangeOf(rest);
  const low = Math.floor(min / by);
  if (low === Math.floor(max / by)) return { quotient: constant(low), remainder: offset(rest, -low * by) };
  const split = splitByDivisor(rest, by);
  if (split !== undefined) {
    const { factor, high, low: residue } = split;
    const inner = divide(high, by / factor);
    return { quotient: inner.quotient, remainder: add(scale(inner.remainder, factor), residue) };
  }
  const only = rest.terms[0];
  if (rest.terms.length === 1 && rest.constant === 0 && only?.coefficient === 1 && only.atom.kind === 'quotient') {
    const nested = divide(only.atom.of, only.atom.by * by).quotient;
    return { quotient: nested, remainder: ofAtom({ kind: 'remainder', of: rest, by }) };
  }
  return {
    quotient: ofAtom({ kind: 'quotient', of: rest, by }),
    remainder: ofAtom({ kind: 'remainder', of: rest, by }),
  };
}

/** Writes `rest` as factor * high + low with 0 <= low < factor, where factor > 1 divides `by`. */
function splitByDivisor(rest: Affine, by: number): { factor: number; high: Affine; low: Affine } | undefined {
  const factors = new Set<number>();
  for (const { coefficient } of rest.terms) factors.add(greatestCommonDivisor(Math.abs(coefficient), by));
  for (const factor of [...factors].sort((a, b) => b - a)) {
    if (factor === 1) continue;
    const highConstant = Math.floor(rest.constant / factor);
    const low: Affine = {
      constant: rest.constant - highConstant * factor,
      terms: rest.terms.filter((term) => term.coefficient % factor !== 0),
    };
    const [min, max] = rangeOf(low);
    if (min < 0 || max >= factor) continue;
    const high = rest.terms
      .filter((term) => term.coefficient % factor === 0)
      .map(({ atom, coefficient }) => ({ atom, coefficient: coefficient / factor }));
    return { factor, high: normalise(highConstant, high), low };
  }
  return undefined;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** What replaces a variable, by its name (undefined: it stays), and a measured number (the same: it stays). */
export interface Replacement {
  variable(name: string): Affine | undefined;
  measured(atom: Measured): Measured;
}

/** Replaces variables by indices and simplifies again; the very same index where nothing changed. */
export function substitute(index: Affine, replacement: Replacement): Affine {
  let changed = false;
  const pieces = index.terms.map((term) => {
    const fresh = substituteAtom(term.atom, replacement);
    if (fresh === undefined) return { constant: 0, terms: [term] };
    changed = true;
    return scale(fresh, term.coefficient);
  });
  return changed ? pieces.reduce(add, constant(index.constant)) : index;
}

function substituteAtom(atom: Atom, replacement: Replacement): Affine | undefined {
  switch (atom.kind) {
    case 'variable':
      return replacement.variable(atom.name);
    case 'quotient':
    case 'remainder': {
      const inner = substitute(atom.of, replacement);
      if (inner === atom.of) return undefined;
      return atom.kind === 'quotient' ? quotient(inner, atom.by) : remainder(inner, atom.by);
    }
    case 'measured': {
      const fresh = replacement.measured(atom);
      return fresh === atom ? undefined : ofAtom(fresh);
    }
  }
}

/** Calls `visit` for every variable and measured number of an index, those inside quotients and remainders too. */
export function visitAtoms(index: Affine, visit: (atom: Variable | Measured) => void): void {
  for (const { atom } of index.terms) {
    if (atom.kind === 'variable' || atom.kind === 'measured') visit(atom);
    else visitAtoms(atom.of, visit);
  }
}

/**
 * How much an index grows with a variable: its coefficient, undefined where the growth is not constant (the variable stands in a
 * quotient or a remainder; a measured number is taken to depend on every variable).
 */
export function strideOf(index: Affine, name: string): number | undefined {
  let stride = 0;
  for (const { atom, coefficient } of index.terms) {
    if (atom.kind === 'variable') {
      if (atom.name === name) stride = coefficient;
    } else if (atom.kind === 'measured' || dependsOn(atom.of, name)) {
      return undefined;
    }
  }
  return stride;
}

/** Whether an index may change with a variable; a measured number is taken to depend on every variable. */
export function dependsOn(index: Affine, name: string): boolean {
  let found = false;
  visitAtoms(index, (atom) => {
    if (atom.kind === 'measured' || atom.name === name) found = true;
  });
  return found;
}

/** Whether an index depends on a value that is read. */
export function isMeasured(index: Affine): boolean {
  let found = false;
  visitAtoms(index, (atom) => {
    if (atom.kind === 'measured') found = true;
  });
  return found;
}
