// What the scalar operations compute, for every dtype: floats are rounded after each operation, integers wrap. A value is a number,
// but for 64-bit integers, which are bigints; bool is 0 or 1.

import { assert } from '../core/assert.js';
import { halfToNumber, numberToHalf, roundTiesToEven } from '../core/float16.js';
import { errorFunction, logistic } from '../core/special.js';
import { type Dtype, isFloat } from '../core/tensor.js';
import type { BinaryOp, Combine, ScalarOp, UnaryOp } from './program.js';

export type Value = number | bigint;

const bits: Readonly<Partial<Record<Dtype, readonly [width: number, signed: boolean]>>> = {
  i8: [8, true],
  u8: [8, false],
  i16: [16, true],
  u16: [16, false],
  i32: [32, true],
  u32: [32, false],
  i64: [64, true],
  u64: [64, false],
};

/** The value of `dtype` nearest to an exact result: floats are rounded, integers wrap, bool is whether it differs from 0. */
export function wrap(dtype: Dtype, value: Value): Value {
  if (dtype === 'f32') return Math.fround(Number(value));
  if (dtype === 'f64') return Number(value);
  if (dtype === 'f16') return halfToNumber(numberToHalf(Number(value)));
  if (dtype === 'bool') return Number(value) === 0 ? 0 : 1;
  const [width, signed] = bits[dtype] ?? [0, false];
  const whole = signed ? BigInt.asIntN(width, BigInt(value)) : BigInt.asUintN(width, BigInt(value));
  return width === 64 ? whole : Number(whole);
}

/** To another dtype. Floats become integers by cutting towards zero and stop at the limits, NaN is 0; integers wrap. */
export function convert(from: Dtype, to: Dtype, value: Value): Value {
  const limits = bits[to];
  if (!isFloat(from) || limits === undefined) return wrap(to, value);
  const number = Number(value);
  if (Number.isNaN(number)) return wrap(to, 0);
  const [count, signed] = limits;
  const [low, high] = signed ? [-(2n ** BigInt(count - 1)), 2n ** BigInt(count - 1) - 1n] : [0n, 2n ** BigInt(count) - 1n];
  if (number <= Number(low)) return wrap(to, low);
  return wrap(to, number >= Number(high) ? high : Math.trunc(number));
}

/**
 * The function of `op` on values of `dtype`, its result included.
 * @param dtype of the arguments; of `select` that of its second and third
 */
export function scalarFunction(op: Exclude<ScalarOp, 'cast'>, dtype: Dtype): (...args: Value[]) => Value {
  if (op === 'select') return (condition, value, otherwise) => (condition ? value : otherwise) as Value;
  const compare = comparisons[op];
  if (compare !== undefined) return (a, b) => (compare(a as Value, b as Value) ? 1 : 0);
  const real = floatFormulas[op];
  if (isFloat(dtype) && real !== undefined) return (a, b) => wrap(dtype, real(a as number, b as number));
  const whole = integerFormulas[op];
  assert(!isFloat(dtype) && whole !== undefined, `${op} of ${dtype}`);
  return (a, b) => wrap(dtype, whole(BigInt(a as Value), BigInt(b ?? 0)));
}

/** How `combine` folds a value of `dtype` into another one. */
export function combineFunction(combine: Combine, dtype: Dtype): (old: Value, fresh: Value) => Value {
  return scalarFunction(combine, dtype);
}

const comparisons: Readonly<Partial<Record<ScalarOp, (a: Value, b: Value) => boolean>>> = {
  equal: (a, b) => a === b,
  less: (a, b) => a < b,
  'less-equal': (a, b) => a <= b,
  'is-nan': (a) => Number.isNaN(a),
};

/** With the sign of the divisor. */
function floatModulo(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

const floatFormulas: Readonly<Partial<Record<UnaryOp | BinaryOp, (a: number, b: number) => number>>> = {
  abs: Math.abs,
  acos: Math.acos,
  acosh: Math.acosh,
  asin: Math.asin,
  asinh: Math.asinh,
  atan: Math.atan,
  atanh: Math.atanh,
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  erf: errorFunction,
  exp: Math.exp,
  floor: Math.floor,
  log: Math.log,
  neg: (a) => -a,
  round: roundTiesToEven,
  sigmoid: logistic,
  sign: Math.sign,
  sin: Math.sin,
  sinh: Math.sinh,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: (a, b) => Math.max(a, b),
  min: (a, b) => Math.min(a, b),
  pow: (a, b) => a ** b,
  mod: floatModulo,
  fmod: (a, b) => a % b,
};

function integerModulo(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n;
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

/** Squares and multiplies modulo 2^64, which any narrower dtype divides. */
function integerPower(a: bigint, b: bigint): bigint {
  if (b < 0n) return a === 1n ? 1n : a === -1n ? (b % 2n === 0n ? 1n : -1n) : 0n;
  let result = 1n;
  let square = a;
  for (let rest = b; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * square);
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}

const integerFormulas: Readonly<Partial<Record<UnaryOp | BinaryOp, (a: bigint, b: bigint) => bigint>>> = {
  abs: (a) => (a < 0n ? -a : a),
  neg: (a) => -a,
  not: (a) => (a === 0n ? 1n : 0n),
  sign: (a) => (a < 0n ? -1n : a > 0n ? 1n : 0n),
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => (b === 0n ? 0n : a / b),
  max: (a, b) => (a > b ? a : b),
  min: (a, b) => (a < b ? a : b),
  pow: integerPower,
  mod: integerModulo,
  fmod: (a, b) => (b === 0n ? 0n : a % b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
};
