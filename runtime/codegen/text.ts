// Numbers and indices as C text. Everything here comes from onbox itself: loop names are generated, numbers are numbers.

import type { Dtype } from '../core/tensor.js';
import { type Affine, rangeOf, type Term } from '../loop/affine.js';
import type { Condition, Expression } from '../loop/program.js';

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
  if (dtype === 'f32' || dtype === 'f64') {
    if (Number.isNaN(value)) return '__builtin_nanf("")';
    if (!Number.isFinite(value)) return value > 0 ? '__builtin_inff()' : '(-__builtin_inff())';
    const text = Object.is(value, -0) ? '-0.0' : String(dtype === 'f32' ? Math.fround(value) : value);
    const real = /[.e]/.test(text) ? text : `${text}.0`;
    return value < 0 || Object.is(value, -0)
      ? `(${real}${dtype === 'f32' ? 'f' : ''})`
      : `${real}${dtype === 'f32' ? 'f' : ''}`;
  }
  const whole = Number.isFinite(value) ? Math.trunc(value) : value > 0 ? 2147483647 : -2147483648;
  return dtype === 'i64' || dtype === 'u64' ? `INT64_C(${whole})` : whole < 0 ? `(${whole})` : String(whole);
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
