// Numbers in levels: value = (level - zero) * scale. Levels without their zero point are kept as whole numbers of f32, in which sums of
// their products are exact as long as they stay below 2^24; where weights could make larger ones, they are computed in i32. Either way
// nothing is rounded before a sum is brought to the levels of the result, so that compiled code, the reference and other runtimes agree.

import { isFloat, type Shape, sameShape, type Tensor } from '../core/tensor.js';
import type { Attributes } from '../graph/graph.js';
import { numbersOf } from '../graph/numbers.js';
import type { OnnxCall } from './call.js';
import type { Value } from './graph-writer.js';

/** A float value as whole numbers of f32 times a factor. */
export interface Scaled {
  readonly numbers: Value;
  /** A scalar, or of a shape that broadcasts to the numbers. */
  readonly factor: Value;
  /** No number is larger, up to its sign. */
  readonly max: number;
}

const scaled = new WeakMap<Value, Scaled>();

/** What a value is a multiple of, where that is known. */
export function scaledOf(value: Value | undefined): Scaled | undefined {
  return value === undefined ? undefined : scaled.get(value);
}

const floatMax = 3.4028234663852886e38;

/**
 * The float value that the numbers stand for. The limits change nothing, but they keep compilers from making its product and a sum one
 * instruction, which rounds otherwise, in one kernel and not in another: a difference that small moves a level now and then.
 */
export function scaledValue(call: OnnxCall, numbers: Value, factor: Value, max: number): Value {
  const value = call.emit('clip', [call.emit('mul', [numbers, factor])], { min: -floatMax, max: floatMax });
  scaled.set(value, { numbers, factor, max });
  return value;
}

export function toFloat(call: OnnxCall, x: Value): Value {
  return x.type.dtype === 'f32' ? x : call.emit('cast', [x], { to: 'f32' });
}

/** Sums up to here are exact in f32, in every order. */
const exactMax = 2 ** 24;

interface Product {
  readonly op: 'conv' | 'matmul';
  readonly attributes: Attributes;
  /** Whole numbers of f32, with their largest. */
  readonly a: Pick<Scaled, 'numbers' | 'max'>;
  readonly b: Pick<Scaled, 'numbers' | 'max'>;
  readonly bias?: Value;
  /** Products in a sum. */
  readonly terms: number;
}

/** Exact sums of products of whole numbers: as f32 where that holds them all, else as i32. */
export function sumOfProducts(call: OnnxCall, { op, attributes, a, b, bias, terms }: Product): Value {
  const inputs = bias === undefined ? [a.numbers, b.numbers] : [a.numbers, b.numbers, bias];
  const largest = a.max * largestSum(b, op, terms) + (bias === undefined ? 0 : largestOf(bias.constant));
  // Rounding says to every later stage that the sums are whole; scales are not merged into the weights.
  if (largest <= exactMax) return call.emit('round', [call.emit(op, inputs, { ...attributes, ...wholeOf(op) })]);
  const whole = inputs.map((input) => call.emit('cast', [input], { to: 'i32' }));
  return call.emit(op, whole, attributes);
}

/** Transforms with fractions, as Winograd's, would round. */
function wholeOf(op: Product['op']): Attributes {
  return op === 'conv' ? { whole: true } : {};
}

/** The most that the weights of one sum add up to. */
function largestSum({ numbers, max }: Product['b'], op: Product['op'], terms: number): number {
  const tensor = numbers.constant;
  if (tensor === undefined) return max * terms;
  const values = numbersOf(tensor);
  const { shape } = tensor;
  // A filter of a convolution lies in one piece; a column of a matrix is a stride away.
  const columns = op === 'conv' ? 1 : shape.length === 1 ? 1 : (shape.at(-1) ?? 1);
  let largest = 0;
  for (let start = 0; start < values.length; start += terms * columns) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < terms; k++) sum += Math.abs(values[start + column + k * columns] ?? 0);
      largest = Math.max(largest, sum);
    }
  }
  return largest;
}

function largestOf(tensor: Tensor | undefined): number {
  if (tensor === undefined) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const value of numbersOf(tensor)) largest = Math.max(largest, Math.abs(value));
  return largest;
}

/** Whether a factor is one number. */
export function isScalar({ type }: Value): boolean {
  return type.shape.every((extent) => extent === 1);
}

/** A factor with one number along `axis` of a value of `rank` axes, or a scalar; undefined if it varies along another. */
export function alongAxis(call: OnnxCall, factor: Value, axis: number, rank: number): Value | undefined {
  const { shape } = factor.type;
  if (isScalar(factor)) return call.reshape(factor, []);
  const at = shape.findIndex((extent) => extent !== 1);
  const only: Shape = shape.map((extent, i) => (i === at ? extent : 1));
  if (!sameShape(shape, only)) return undefined;
  const wanted = Array.from({ length: rank }, (_, i) => (i === axis ? (shape[at] ?? 1) : 1));
  return call.reshape(factor, wanted);
}

/** A bias in whole numbers for sums of this factor: one that came in levels of just that factor. */
export function wholeBias(bias: Value, factor: Value): Value | undefined {
  const own = scaledOf(bias);
  const [have, want] = [own?.factor.constant, factor.constant];
  if (own === undefined || have === undefined || want === undefined || !isFloat(have.dtype)) return undefined;
  const [left, right] = [numbersOf(have), numbersOf(want)];
  const isSame = (value: number, i: number) => Math.abs(value - (right[i % right.length] ?? 0)) <= 1e-3 * Math.abs(value);
  return left.every(isSame) ? own.numbers : undefined;
}
