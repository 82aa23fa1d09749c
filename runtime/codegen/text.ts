// Numbers and indices as C text. Everything here comes from onbox itself: loop names are generated, numbers are numbers.

import { type Dtype, isFloat } from '../core/tensor.js';
import { type Affine, rangeOf, type Term } from '../loop/affine.js';
import type { Condition, Expression } from '../loop/program.js';
import { convert } from '../loop/scalar.js';

/** The C type of an element; f16 is kept as its bits. */
export const cTypes: Readonly<Record<Dtype, string>> = {
  f32: 'float',
  f64: 'double',
  f16: 'uint16_t',
  i8: 'int8_t',
  u8: 'uint8_t',
  i16: 'int16_t',
  u16: 'uint16_t',
  i32: 'int32_t',
  u32: 'uint32_t',
  i64: 'int64_t',
  u64: 'uint64_t',
  bool: 'uint8_t',
};

export function numberText(value: number, dtype: Dtype): string {
  const exact = convert('f64', dtype, value);
  if (typeof exact === 'bigint' || !isFloat(dtype)) return wholeText(BigInt(exact), dtype);
  return realText(exact, dtype === 'f64' ? '' : 'f');
}

/** As limits.h names them: C has no negative literals, so that of the least number does not fit its type. */
function wholeText(value: bigint, dtype: Dtype): string {
  if (dtype === 'u32') return `${value}u`;
  if (dtype === 'u64') return `UINT64_C(${value})`;
  if (dtype === 'i64') return value === -(2n ** 63n) ? 'INT64_MIN' : `INT64_C(${value})`;
  if (value === -(2n ** 31n)) return 'INT32_MIN';
  return value < 0n ? `(${value})` : String(value);
}

function realText(value: number, suffix: string): string {
  if (Number.isNaN(value)) return '__builtin_nanf("")';
  if (!Number.isFinite(value)) return value > 0 ? '__builtin_inff()' : '(-__builtin_inff())';
  const text = Object.is(value, -0) ? '-0.0' : String(value);
  const literal = `${/[.e]/.test(text) ? text : `${text}.0`}${suffix}`;
  return text.startsWith('-') ? `(${literal})` : literal;
}

/** An index as C; `measured` writes the numbers that are only known at run time. */
export function affineText(index: Affine, measured: (value: Expression, min: number, max: number) => string): string {
  const parts = index.terms.map((term) => termText(term, measured));
  if (index.constant !== 0 || parts.length === 0) parts.push(String(index.constant));
  return parts.join(' + ').replaceAll('+ -', '- ');
}

function termText({ atom, coefficient }: Term, measured: (value: Expression, min: number, max: number) => string): string {
  const factor = coefficient === 1 ? '' : `${coefficient} * `;
  switch (atom.kind) {
    case 'variable':
      return `${factor}${atom.name}`;
    case 'measured':
      return `${factor}${measured(atom.value, atom.min, atom.max)}`;
    case 'quotient':
    case 'remainder': {
      const inner = affineText(atom.of, measured);
      const operator = atom.kind === 'quotient' ? '/' : '%';
      if (rangeOf(atom.of)[0] >= 0) return `${factor}((${inner}) ${operator} ${atom.by})`;
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
