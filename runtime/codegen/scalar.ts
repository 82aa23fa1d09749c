// Scalar operations as C, with the meaning that loop/scalar.ts gives them: floats are rounded and integers wrap after every operation.
// Between operations an f16 is a float that has been rounded to half; only memory holds its bits.

import { assert } from '../core/assert.js';
import { type Dtype, dtypeBytes, isFloat } from '../core/tensor.js';
import type { Expression, ScalarOp, Store } from '../loop/program.js';
import type { Dialect } from './dialect.js';
import { mathFunctions } from './math.js';

/** The C type of a value that is not in memory. */
export function valueType(dtype: Dtype, { types }: Dialect): string {
  return dtype === 'f16' ? 'float' : types[dtype];
}

/** What a store of f16 rounds by itself need not be rounded before. */
export function unrounded({ value, combine }: Store): Expression {
  if (value.kind !== 'call' || value.op !== 'cast' || value.dtype !== 'f16' || combine !== undefined) return value;
  return value.args[0]?.dtype === 'f32' ? value.args[0] : value;
}

/** Floats stop at the limits of an integer, NaN becomes 0; integers wrap. */
export function castText(value: string, from: Dtype, to: Dtype, { types }: Dialect): string {
  if (to === 'bool') return `(${value} != 0)`;
  if (to === 'f16') return `ob_half(${value})`;
  if (from === 'f16' && to === 'f32') return value;
  return isFloat(from) && !isFloat(to) ? `ob_to_${to}(${value})` : `((${types[to]})${value})`;
}

/**
 * A call of `op` on values of one dtype; of `select` that of its second and third.
 * @param args of max and min: the first may be a number, but not the second alone, so that NaN costs nothing to keep
 */
export function scalarText(op: Exclude<ScalarOp, 'cast'>, dtype: Dtype, args: readonly string[], dialect: Dialect): string {
  const [a, b, c] = args;
  const comparison = comparisons[op];
  if (comparison !== undefined) return `(${a} ${comparison} ${b})`;
  if (op === 'is-nan') return `(${a} != ${a})`;
  if (op === 'select') return `(${a} ? ${b} : ${c})`;
  if (!isFloat(dtype)) return `((${dialect.types[dtype]})${wholeText(op, dtype, args, dialect)})`;
  return dtype === 'f16' ? `ob_half(${realText(op, 'f32', args, dialect)})` : realText(op, dtype, args, dialect);
}

const comparisons: Readonly<Partial<Record<ScalarOp, string>>> = { equal: '==', less: '<', 'less-equal': '<=' };
const arithmetic: Readonly<Partial<Record<ScalarOp, string>>> = { add: '+', sub: '-', mul: '*' };
const bitwise: Readonly<Partial<Record<ScalarOp, string>>> = { and: '&', or: '|', xor: '^' };

/** Unsigned arithmetic wraps; signed arithmetic that overflows has no meaning in C. */
function wholeText(op: ScalarOp, dtype: Dtype, args: readonly string[], { unsigned, helper }: Dialect): string {
  const [a, b] = args;
  const wide = unsigned[dtypeBytes(dtype) === 8 ? 64 : 32];
  const sign = arithmetic[op];
  if (sign !== undefined) return `((${wide})${a} ${sign} (${wide})${b})`;
  if (bitwise[op] !== undefined) return `(${a} ${bitwise[op]} ${b})`;
  switch (op) {
    case 'neg':
      return `(0 - (${wide})${a})`;
    case 'not':
      return `(!${a})`;
    case 'pow':
      return `ob_power(${a}, ${b})`;
    case 'abs':
    case 'sign':
      return helper(op, dtype, args);
    default:
      assert(wholeMacros.has(op), `${op} of ${dtype} has no C form`);
      return helper(op, dtype, args);
  }
}

const wholeMacros: ReadonlySet<ScalarOp> = new Set(['div', 'max', 'min', 'mod', 'fmod']);

function realText(op: ScalarOp, dtype: Dtype, args: readonly string[], { libm, helper }: Dialect): string {
  const [a, b] = args;
  const sign = op === 'div' ? '/' : arithmetic[op];
  if (sign !== undefined) return `(${a} ${sign} ${b})`;
  switch (op) {
    case 'neg':
      return `(-${a})`;
    case 'max':
    case 'min':
    case 'sign':
      return helper(op, dtype, args);
    case 'mod':
      return helper('floormod', dtype, args);
    case 'fmod':
    case 'pow':
      return `${libm(op, dtype)}(${a}, ${b})`;
    case 'abs':
      return `${libm('fabs', dtype)}(${a})`;
    case 'round':
      return `${libm('rint', dtype)}(${a})`;
    default:
      if (dtype === 'f32' && mathFunctions.has(op)) return `ob_${op}_s(${a})`;
      return op === 'sigmoid' ? `(1.0 / (1.0 + exp(-${a})))` : `${libm(op, dtype)}(${a})`;
  }
}
