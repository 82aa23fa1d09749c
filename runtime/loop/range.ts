// Ranges of indices where conditions are known to hold. Sound, not complete: what it cannot prove may still be true.

import { type Affine, type Atom, atomKey, constantOf, scale, subtract } from './affine.js';
import type { Condition } from './program.js';

/** Least and greatest value of an index where the facts hold, both inclusive; the least is greater if they contradict each other. */
export function rangeUnder(index: Affine, facts: readonly Condition[]): readonly [min: number, max: number] {
  let min = index.constant;
  let max = index.constant;
  for (const { atom, coefficient } of index.terms) {
    const [low, high] = atomRangeUnder(atom, facts);
    min += coefficient > 0 ? coefficient * low : coefficient * high;
    max += coefficient > 0 ? coefficient * high : coefficient * low;
  }
  // A fact about h * 2 + r says something about h * 4 + r * 2 + 1: twice the fact and a rest, about which other facts may speak.
  for (const [i, fact] of facts.entries()) {
    const factor = multipleOf(index, fact.index);
    if (factor === undefined) continue;
    const rest = subtract(index, scale(fact.index, factor));
    const [restMin, restMax] = rangeUnder(rest, facts.slice(i + 1));
    const [a, b] = [factor * fact.low, factor * (fact.high - 1)];
    min = Math.max(min, Math.min(a, b) + restMin);
    max = Math.min(max, Math.max(a, b) + restMax);
  }
  return [min, max];
}

/** Whether low <= index < high wherever the facts hold. */
export function isImplied({ index, low, high }: Condition, facts: readonly Condition[]): boolean {
  const [min, max] = rangeUnder(index, facts);
  return min > max || (min >= low && max < high);
}

function atomRangeUnder(atom: Atom, facts: readonly Condition[]): readonly [number, number] {
  switch (atom.kind) {
    case 'variable':
      return [0, atom.extent - 1];
    case 'measured':
      return [atom.min, atom.max];
    case 'quotient': {
      const [low, high] = rangeUnder(atom.of, facts);
      return [Math.floor(low / atom.by), Math.floor(high / atom.by)];
    }
    case 'remainder': {
      const [low, high] = rangeUnder(atom.of, facts);
      const start = Math.floor(low / atom.by) * atom.by;
      return high < start + atom.by ? [low - start, high - start] : [0, atom.by - 1];
    }
  }
}

/** How many times `part` is in `whole`, judged by the first term that they share. */
function multipleOf(whole: Affine, part: Affine): number | undefined {
  if (constantOf(part) !== undefined) return undefined;
  const coefficients = new Map(part.terms.map(({ atom, coefficient }) => [atomKey(atom), coefficient]));
  for (const { atom, coefficient } of whole.terms) {
    const factor = coefficient / (coefficients.get(atomKey(atom)) ?? Number.NaN);
    if (Number.isInteger(factor)) return factor;
  }
  return undefined;
}
