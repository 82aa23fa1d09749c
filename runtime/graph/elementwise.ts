// What elementwise operators share, so that each file of ops/ states one formula.

import {
  allocate,
  elementCount,
  isFloat,
  printType,
  type Shape,
  sameShape,
  type Tensor,
  type TensorType,
} from '../core/tensor.js';
import { define } from './define.js';
import type { Attributes, OpDefinition } from './graph.js';
import { bigintsOf, isBig, numbersOf, roomFor, tensorFrom } from './numbers.js';
import { broadcastShapes, checkedType, checkSameDtype, refuse } from './rules.js';
import { broadcastStrides, walk } from './walk.js';

type Unary<T> = (x: T) => T;
type Binary<T, R> = (a: T, b: T) => R;

/**
 * An operator of one input. `prepare` reads the attributes once and gives the formula.
 * Floats only, unless `integer` gives the formula for integers too; 64-bit ones are computed with it.
 */
export function unary(
  kind: string,
  prepare: (attributes: Attributes) => Unary<number>,
  integer?: (attributes: Attributes) => Unary<bigint>,
): OpDefinition {
  return define<[x: 1]>(kind, [1, 1], {
    infer([x], attributes) {
      prepare(attributes);
      if (x.dtype === 'bool' || (integer === undefined && !isFloat(x.dtype))) refuse(kind, `does not take ${printType(x)}`);
      return checkedType(kind, x.dtype, x.shape);
    },
    evaluate([x], attributes, type) {
      if (integer !== undefined && isBig(x.dtype)) {
        const apply = integer(attributes);
        return { ...type, data: (x.data as BigInt64Array).map((value) => apply(value)) };
      }
      const apply = prepare(attributes);
      const values = numbersOf(x);
      const results = roomFor(type);
      for (let i = 0; i < results.length; i++) results[i] = apply(values[i] as number);
      return tensorFrom(type, results);
    },
  });
}

/** What a binary operator takes, and gives. */
export interface BinaryOptions {
  /** The formula for 64-bit integers; without it integers are refused. */
  readonly integer?: (attributes: Attributes) => Binary<bigint, bigint | boolean>;
  /** The dtype of the result is that of the inputs unless it is always bool. */
  readonly result?: 'bool';
  /** `yes`: bool too; `only`: nothing else. */
  readonly logical?: 'yes' | 'only';
  /** The second input may have another dtype than the first. */
  readonly mixed?: boolean;
}

/** An operator of two inputs with numpy broadcasting. */
export function binary(
  kind: string,
  prepare: (attributes: Attributes) => Binary<number, number | boolean>,
  options: BinaryOptions = {},
): OpDefinition {
  return define<[a: 1, b: 1]>(kind, [2, 2], {
    infer([a, b], attributes) {
      if (!options.mixed) checkSameDtype(kind, [a, b]);
      if (!accepts(a, options) || !accepts(b, options)) refuse(kind, `does not take ${printType(a)} and ${printType(b)}`);
      prepare(attributes);
      return checkedType(kind, options.result ?? a.dtype, broadcastShapes(kind, a.shape, b.shape));
    },
    evaluate([a, b], attributes, type) {
      if (options.integer !== undefined && isBig(a.dtype) && !isFloat(b.dtype)) {
        return combineBig(a, b, type, options.integer(attributes));
      }
      return combine(a, b, type, prepare(attributes));
    },
  });
}

function accepts({ dtype }: TensorType, { integer, logical }: BinaryOptions): boolean {
  if (dtype === 'bool') return logical !== undefined;
  return logical !== 'only' && (isFloat(dtype) || integer !== undefined);
}

function combine(a: Tensor, b: Tensor, type: TensorType, apply: Binary<number, number | boolean>): Tensor {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  const [ofLeft, ofRight] = [offsetsOf(a, type.shape), offsetsOf(b, type.shape)];
  const results = roomFor(type);
  for (let i = 0; i < results.length; i++) {
    results[i] = Number(apply(left[ofLeft?.[i] ?? i] as number, right[ofRight?.[i] ?? i] as number));
  }
  return tensorFrom(type, results);
}

function combineBig(a: Tensor, b: Tensor, type: TensorType, apply: Binary<bigint, bigint | boolean>): Tensor {
  const [left, right] = [bigintsOf(a), bigintsOf(b)];
  const [ofLeft, ofRight] = [offsetsOf(a, type.shape), offsetsOf(b, type.shape)];
  const data = allocate(type.dtype, elementCount(type.shape)) as BigInt64Array;
  // A bool result is stored in bytes: a boolean becomes 0 or 1 there.
  for (let i = 0; i < data.length; i++) {
    data[i] = apply(left[ofLeft?.[i] ?? i] as bigint, right[ofRight?.[i] ?? i] as bigint) as bigint;
  }
  return { ...type, data };
}

/** Where each element of the result reads `tensor`; undefined if in the same place. */
function offsetsOf(tensor: Tensor, shape: Shape): Int32Array | undefined {
  return sameShape(tensor.shape, shape) ? undefined : walk(shape, broadcastStrides(tensor.shape, shape));
}
