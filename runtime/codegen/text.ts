// Numbers and indices as C text. Everything here comes from onbox itself: loop names are generated, numbers are numbers.

import { type Dtype, isFloat } from '../core/tensor.js';
import { type Affine, rangeOf, type Term } from '../loop/affine.js';
import type { Condition, Expression } from '../loop/program.js';
import { convert } from '../loop/scalar.js';
import type { Dialect } from './dialect.js';

export function numberText(value: number, dtype: Dtype, dialect: Dialect): string {
  const exact = convert('f64', dtype, value);
  if (typeof exact === 'bigint' || !isFloat(dtype)) return wholeText(BigInt(exact), dtype, dialect);
  return realText(exact, dtype === 'f64' ? '' : 'f', dialect);
}

/** As limits.h names them: C has no negative literals, so that of the least number does not fit its type. */
function wholeText(value: bigint, dtype: Dtype, { whole64, least32 }: Dialect): string {
  if (dtype === 'u32') return `${value}u`;
  if (dtype === 'u64' || dtype === 'i64') return whole64(value, dtype);
  if (value === -(2n ** 31n)) return least32;
  return value < 0n ? `(${value})` : String(value);
}

function realText(value: number, suffix: string, { infinity, nan }: Dialect): string {
  if (Number.isNaN(value)) return nan;
  if (!Number.isFinite(value)) return value > 0 ? infinity : `(-${infinity})`;
  const text = Object.is(value, -0) ? '-0.0' : String(value);
  const literal = `${/[.e]/.test(text) ? text : `${text}.0`}${suffix}`;
  return text.startsWith('-') ? `(${literal})` : literal;
}

/** How the parts of an index are written. */
export interface IndexWriter extends Pick<Dialect, 'divide'> {
  /** A number that is only known at run time, between two limits. */
  readonly measured: (value: Expression, min: number, max: number) => string;
}

export function affineText(index: Affine, writer: IndexWriter): string {
  const parts = index.terms.map((term) => termText(term, writer));
  if (index.constant !== 0 || parts.length === 0) parts.push(String(index.constant));
  return parts.join(' + ').replaceAll('+ -', '- ');
}

function termText({ atom, coefficient }: Term, writer: IndexWriter): string {
  const factor = coefficient === 1 ? '' : `${coefficient} * `;
  switch (atom.kind) {
    case 'variable':
      return `${factor}${atom.name}`;
    case 'measured':
      return `${factor}${writer.measured(atom.value, atom.min, atom.max)}`;
    case 'quotient':
    case 'remainder': {
      const inner = affineText(atom.of, writer);
      const operator = atom.kind === 'quotient' ? '/' : '%';
      if (rangeOf(atom.of)[0] >= 0) return `${factor}${writer.divide(inner, operator, atom.by)}`;
      return `${factor}ob_floor${atom.kind === 'quotient' ? 'div' : 'mod'}(${inner}, ${atom.by})`;
    }
  }
}

export function conditionsText(conditions: readonly Condition[], index: (at: Affine) => string): string {
  const tests = conditions.flatMap(({ index: at, low, high }) => {
    const [min, max] = rangeOf(at);
    const text = index(at);
    return [...(min < low ? [`${text} >= ${low}`] : []), ...(max >= high ? [`${text} < ${high}`] : [])];
  });
  return tests.length === 0 ? '1' : tests.join(' && ');
}
