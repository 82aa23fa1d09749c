// Turns indices, conditions and expressions into functions that compute them from the loop counters: what interpret and pack share.

import { assert } from '../core/assert.js';
import { halfToNumber, numberToHalf } from '../core/float16.js';
import { stridesOf, type Tensor } from '../core/tensor.js';
import { type Affine, type Atom, affineKey } from './affine.js';
import type { Condition, Expression } from './program.js';
import { convert, scalarFunction, type Value, wrap } from './scalar.js';

/** The tensors that may be named, and the loop counters: one slot a name, since names are unique along a path. */
export interface Scope {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly slots: Map<string, number>;
  readonly counters: number[];
}

export function newScope(tensors: ReadonlyMap<string, Tensor>): Scope {
  return { tensors, slots: new Map(), counters: [] };
}

/** Where the counter of a loop stands. */
export function slotOf({ slots, counters }: Scope, name: string): number {
  let slot = slots.get(name);
  if (slot === undefined) {
    slot = counters.push(0) - 1;
    slots.set(name, slot);
  }
  return slot;
}

export function tensorNamed(scope: Scope, name: string): Tensor {
  const tensor = scope.tensors.get(name);
  assert(tensor !== undefined, `buffer ${name} is not there`);
  return tensor;
}

function compileIndex(scope: Scope, index: Affine): () => number {
  const start = index.constant;
  const terms = index.terms.map(({ atom, coefficient }) => ({ value: compileAtom(scope, atom), coefficient }));
  const [only] = terms;
  if (only === undefined) return () => start;
  if (terms.length === 1) {
    const { value, coefficient } = only;
    return () => start + coefficient * value();
  }
  return () => {
    let sum = start;
    for (const { value, coefficient } of terms) sum += coefficient * value();
    return sum;
  };
}

function compileAtom(scope: Scope, atom: Atom): () => number {
  switch (atom.kind) {
    case 'variable': {
      const { counters } = scope;
      const slot = slotOf(scope, atom.name);
      return () => counters[slot] as number;
    }
    case 'quotient': {
      const of = compileIndex(scope, atom.of);
      return () => Math.floor(of() / atom.by);
    }
    case 'remainder': {
      const of = compileIndex(scope, atom.of);
      return () => {
        const value = of();
        return value - atom.by * Math.floor(value / atom.by);
      };
    }
    case 'measured': {
      const value = compileExpression(scope, atom.value);
      const toWhole = (raw: Value) => Number(convert(atom.value.dtype, 'i64', raw));
      return () => Math.min(Math.max(toWhole(value()), atom.min), atom.max);
    }
  }
}

export function compileConditions(scope: Scope, conditions: readonly Condition[]): () => boolean {
  const tests = conditions.map(({ index, low, high }) => ({ value: compileIndex(scope, index), low, high }));
  return () => {
    for (const { value, low, high } of tests) {
      const at = value();
      if (at < low || at >= high) return false;
    }
    return true;
  };
}

export function compileExpression(scope: Scope, expression: Expression): () => Value {
  switch (expression.kind) {
    case 'number': {
      const value = convert('f64', expression.dtype, expression.value);
      return () => value;
    }
    case 'load': {
      const offset = compileOffset(scope, expression.buffer, expression.index);
      const read = reader(tensorNamed(scope, expression.buffer));
      return () => read(offset());
    }
    case 'index': {
      const index = compileIndex(scope, expression.index);
      return () => wrap(expression.dtype, index());
    }
    case 'call':
      return compileCall(scope, expression);
    case 'guard': {
      const holds = compileConditions(scope, expression.conditions);
      const value = compileExpression(scope, expression.value);
      const otherwise = compileExpression(scope, expression.otherwise);
      return () => (holds() ? value() : otherwise());
    }
  }
}

function compileCall(scope: Scope, { op, args, dtype }: Extract<Expression, { kind: 'call' }>): () => Value {
  const [first, second, third] = args;
  assert(first !== undefined, `${op} without arguments`);
  const a = compileExpression(scope, first);
  if (op === 'cast') return () => convert(first.dtype, dtype, a());
  const apply = scalarFunction(op, op === 'select' ? dtype : first.dtype);
  if (second === undefined) return () => apply(a());
  const b = compileExpression(scope, second);
  if (third === undefined) return () => apply(a(), b());
  const c = compileExpression(scope, third);
  return () => apply(a(), b(), c());
}

/** The offset of an element. It throws if the index leaves the buffer: a valid program has no such index. */
export function compileOffset(scope: Scope, buffer: string, index: readonly Affine[]): () => number {
  const { shape } = tensorNamed(scope, buffer);
  assert(index.length === shape.length, `${buffer} has rank ${shape.length}, its index ${index.length}`);
  const strides = stridesOf(shape);
  const axes = index.map((one, axis) => ({
    text: affineKey(one),
    at: compileIndex(scope, one),
    extent: shape[axis] as number,
    stride: strides[axis] as number,
  }));
  return () => {
    let offset = 0;
    for (const { text, at, extent, stride } of axes) {
      const value = at();
      if (!(value >= 0 && value < extent))
        assert(false, `${buffer}: index ${text} is ${value}, its axis has ${extent} elements`);
      offset += value * stride;
    }
    return offset;
  };
}

export function reader({ dtype, data }: Tensor): (offset: number) => Value {
  if (dtype === 'f16') return (offset) => halfToNumber(data[offset] as number);
  return (offset) => data[offset] as Value;
}

export function writer({ dtype, data }: Tensor): (offset: number, value: Value) => void {
  const elements = data as unknown as { [offset: number]: Value };
  if (dtype !== 'f16') {
    return (offset, value) => {
      elements[offset] = value;
    };
  }
  return (offset, value) => {
    elements[offset] = numberToHalf(value as number);
  };
}

/** What elements hold before anything is stored: NaN, or a number that nobody expects. */
export function poison(tensor: Tensor): void {
  const { dtype, data } = tensor;
  const value = dtype === 'f16' ? 0x7e00 : dtype === 'f32' || dtype === 'f64' ? Number.NaN : 0xa5;
  if (dtype === 'i64' || dtype === 'u64') (data as BigInt64Array).fill(BigInt(value));
  else (data as Float32Array).fill(value);
}
