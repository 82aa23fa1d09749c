// Rearranges constants at compile time. A model has tens of millions of weights, so the usual packing, a copy of one constant that
// is zero past its end, runs row by row along the innermost loop; anything else is evaluated element by element.

import { assert } from '../core/assert.js';
import { allocate, dtypeBytes, elementCount, stridesOf, type Tensor, type TensorData } from '../core/tensor.js';
import { type Affine, add, constant, scale, strideOf } from './affine.js';
import { compileExpression, compileIndex, newScope, type Scope, slotOf, tensorNamed, writer } from './evaluate.js';
import type { Condition, Expression, Packing } from './program.js';

/** The elements of a packed buffer, row-major over the loops of `packing`. */
export function pack(packing: Packing, constants: ReadonlyMap<string, Tensor>): TensorData {
  return packRows(packing, constants) ?? packElements(packing, constants);
}

/** The general way: the value for every element. */
export function packElements({ loops, value }: Packing, constants: ReadonlyMap<string, Tensor>): TensorData {
  const scope = newScope(constants);
  const shape = loops.map((loop) => loop.extent);
  const tensor: Tensor = { dtype: value.dtype, shape, data: allocate(value.dtype, elementCount(shape)) };
  const compute = compileExpression(scope, value);
  const write = writer(tensor);
  forEach(scope, loops, (element) => write(element, compute()));
  return tensor.data;
}

/** Calls `visit` for every point of the loops, the last one fastest. */
function forEach(scope: Scope, loops: Packing['loops'], visit: (point: number) => void): void {
  const { counters } = scope;
  const axes = loops.map(({ name, extent }) => ({ slot: slotOf(scope, name), extent }));
  const count = axes.reduce((product, { extent }) => product * extent, 1);
  for (const { slot } of axes) counters[slot] = 0;
  for (let point = 0; point < count; point++) {
    visit(point);
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const { slot, extent } = axes[axis] as (typeof axes)[number];
      const next = (counters[slot] as number) + 1;
      counters[slot] = next < extent ? next : 0;
      if (next < extent) break;
    }
  }
}

/** A copy of one constant: its flat index, and where the conditions fail, a number. */
interface Copy {
  readonly source: Tensor;
  readonly index: Affine;
  readonly conditions: readonly Condition[];
  readonly otherwise: number;
}

function recogniseCopy(value: Expression, constants: ReadonlyMap<string, Tensor>): Copy | undefined {
  if (value.kind === 'guard') {
    const { otherwise } = value;
    const inner = recogniseCopy(value.value, constants);
    if (inner === undefined || otherwise.kind !== 'number') return undefined;
    if (inner.conditions.length > 0 && !Object.is(inner.otherwise, otherwise.value)) return undefined;
    return { ...inner, conditions: [...value.conditions, ...inner.conditions], otherwise: otherwise.value };
  }
  if (value.kind !== 'load') return undefined;
  const source = tensorNamed(newScope(constants), value.buffer);
  // The bits of f16 and bigints are no numbers to fill in.
  if (source.dtype === 'f16' || dtypeBytes(source.dtype) === 8) return undefined;
  const strides = stridesOf(source.shape);
  const index = value.index.map((one, axis) => scale(one, strides[axis] ?? 1)).reduce(add, constant(0));
  return { source, index, conditions: [], otherwise: 0 };
}

/** Row by row: along the innermost loop the source moves by a constant step, and each condition holds on one interval. */
function packRows({ loops, value }: Packing, constants: ReadonlyMap<string, Tensor>): TensorData | undefined {
  const copy = recogniseCopy(value, constants);
  const depth = loops.findLastIndex((loop) => loop.extent > 1);
  const row = loops[depth];
  if (copy === undefined || row === undefined) return undefined;
  const step = strideOf(copy.index, row.name);
  const steps = copy.conditions.map((condition) => strideOf(condition.index, row.name));
  if (step === undefined || steps.includes(undefined)) return undefined;

  const { source, otherwise } = copy;
  const from = source.data as Float32Array;
  const scope = newScope(constants);
  const start = compileIndex(scope, copy.index);
  const limits = copy.conditions.map(({ index, low, high }, i) => ({
    start: compileIndex(scope, index),
    step: steps[i] as number,
    low,
    high,
  }));
  const { extent } = row;
  const target = allocate(source.dtype, elementCount(loops.map((loop) => loop.extent))) as Float32Array;
  if (otherwise !== 0) target.fill(otherwise);
  scope.counters[slotOf(scope, row.name)] = 0;
  forEach(scope, loops.slice(0, depth), (point) => {
    let first = 0;
    let end = extent;
    for (const limit of limits) {
      const at = limit.start();
      first = Math.max(first, firstIndex(at, limit.step, limit.low, limit.high));
      end = Math.min(end, endIndex(at, limit.step, limit.low, limit.high));
    }
    if (first >= end) return;
    const base = start();
    const last = base + (end - 1) * step;
    const inside = base + first * step >= 0 && base + first * step < from.length && last >= 0 && last < from.length;
    assert(inside, `packing reads elements ${base + first * step} to ${last} of ${from.length}`);
    for (let i = first, to = point * extent + first, at = base + first * step; i < end; i++, to++, at += step) {
      target[to] = from[at] as number;
    }
  });
  return target;
}

/** The least i >= 0 with low <= at + i * step < high, Infinity where there is none. */
function firstIndex(at: number, step: number, low: number, high: number): number {
  if (step === 0) return at >= low && at < high ? 0 : Number.POSITIVE_INFINITY;
  return step > 0 ? Math.ceil((low - at) / step) : Math.floor((high - at) / step) + 1;
}

/** One past the greatest such i. */
function endIndex(at: number, step: number, low: number, high: number): number {
  if (step === 0) return Number.POSITIVE_INFINITY;
  return step > 0 ? Math.ceil((high - at) / step) : Math.floor((low - at) / step) + 1;
}
