// Dot products of bytes: the sum of four products that the step `dot` of a schedule makes, where the bytes of both sides lie one after
// the other, is one operation on vectors.

import { assert } from '../core/assert.js';
import type { Dtype } from '../core/tensor.js';
import { type Affine, affineKey, constantOf, strideOf, subtract } from '../loop/affine.js';
import { flatIndex } from '../loop/flat.js';
import type { Buffer, Expression, Store } from '../loop/program.js';
import type { Place } from './kernel.js';

type Load = Extract<Expression, { kind: 'load' }>;

/** What is known around a sum. */
interface DotContext {
  /** The loop whose iterations are lanes. */
  readonly lane: string;
  readonly buffers: ReadonlyMap<string, Buffer>;
  /** The bytes on the left side; those on the right are signed. */
  readonly bytes: Dtype;
}

/** Bytes that lie one after the other: those of all lanes, or the same ones for each. */
interface Operand {
  /** The first one. */
  readonly load: Load;
  readonly isSpread: boolean;
}

const length = 4;

/** The statement of a store that sums a dot product in a vector; undefined for any other. */
export function dotText(
  store: Store,
  context: DotContext & { place(buffer: string, index: readonly Affine[]): Place },
): string | undefined {
  const operands = dotOf(store, context);
  if (operands === undefined) return undefined;
  const { buffer, index } = store;
  const sum = context.place(buffer, index);
  assert(sum.kind === 'variable' && sum.vector, 'a dot product is summed in a vector');
  const [x, w] = operands.map(({ load, isSpread }) => {
    const place = context.place(load.buffer, load.index);
    assert(place.kind === 'memory', 'bytes lie in memory');
    return `ob_${isSpread ? 'spread' : 'load'}_bytes(${place.pointer} + ${place.offset})`;
  });
  return `${sum.name} = ob_dot(${sum.name}, ${x}, ${w});`;
}

/** The two sides of a sum of four products of bytes, which every lane adds to a number of its own; undefined for any other store. */
export function dotOf({ buffer, index, value, combine }: Store, context: DotContext): readonly [Operand, Operand] | undefined {
  const last = index.at(-1);
  const isOwn = context.buffers.get(buffer)?.role === 'local' && last !== undefined && affineKey(last) === context.lane;
  if (!isOwn || value.dtype !== 'i32' || combine !== 'add') return undefined;
  const terms = termsOf(value);
  const products = terms.flatMap((term) => factorsOf(term) ?? []);
  if (terms.length !== length || products.length !== length) return undefined;
  const left = operandOf(
    products.map(([load]) => load),
    context.bytes,
    context,
  );
  const right = operandOf(
    products.map(([, load]) => load),
    'i8',
    context,
  );
  return left === undefined || right === undefined || (left.isSpread && right.isSpread) ? undefined : [left, right];
}

function termsOf(value: Expression): Expression[] {
  if (value.kind !== 'call' || value.op !== 'add') return [value];
  return value.args.flatMap(termsOf);
}

function factorsOf(value: Expression): readonly (readonly [Load, Load])[] | undefined {
  if (value.kind !== 'call' || value.op !== 'mul') return undefined;
  const [a, b] = value.args.map((arg) => (arg.kind === 'call' && arg.op === 'cast' ? arg.args[0] : undefined));
  return a?.kind === 'load' && b?.kind === 'load' ? [[a, b]] : undefined;
}

function operandOf(loads: readonly Load[], dtype: Dtype, { buffers, lane }: DotContext): Operand | undefined {
  const [load] = loads;
  const buffer = load === undefined ? undefined : buffers.get(load.buffer);
  if (load === undefined || buffer === undefined || buffer.role === 'local' || load.dtype !== dtype) return undefined;
  const flat = (one: Load): Affine => flatIndex(one.index, buffer.shape);
  const start = flat(load);
  const isRun = loads.every((one, i) => one.buffer === load.buffer && constantOf(subtract(flat(one), start)) === i);
  const stride = strideOf(start, lane);
  return isRun && (stride === 0 || stride === length) ? { load, isSpread: stride === 0 } : undefined;
}
