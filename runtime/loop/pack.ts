// Rearranges constants at compile time. A model has tens of millions of weights, so the usual packing, a copy of one constant that
// is zero past its end, runs row by row along the innermost loop; anything else is evaluated element by element.

import { assert } from '../core/assert.js';
import { numberToHalf } from '../core/float16.js';
import { allocate, dtypeBytes, elementCount, type Tensor, type TensorData } from '../core/tensor.js';
import { type Affine, strideOf } from './affine.js';
import { compileExpression, newScope, slotOf, tensorNamed, writer } from './evaluate.js';
import { flatIndex } from './flat.js';
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
  const lines = loops.map((_, loop) => ({ at: 0, steps: loops.map((_, axis) => (axis === loop ? 1 : 0)) }));
  const slots = loops.map((loop) => slotOf(scope, loop.name));
  forEachPoint(loops, lines, (element) => {
    for (let i = 0; i < slots.length; i++) scope.counters[slots[i] as number] = lines[i]?.at as number;
    write(element, compute());
  });
  return tensor.data;
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
  // Bigints are no numbers to fill in.
  if (dtypeBytes(source.dtype) === 8) return undefined;
  return { source, index: flatIndex(value.index, source.shape), conditions: [], otherwise: 0 };
}

/** A sum of the loop counters that moves on by a constant when one of them does. */
interface Line {
  at: number;
  /** By how much it grows with each loop. */
  readonly steps: readonly number[];
}

/** undefined if a loop stands in a quotient or a remainder. */
function lineOf(index: Affine, loops: Packing['loops']): Line | undefined {
  const steps = loops.map((loop) => strideOf(index, loop.name));
  return steps.includes(undefined) ? undefined : { at: index.constant, steps: steps as number[] };
}

/** Row by row: along the innermost loop the source moves by a constant step, and each condition holds on one interval. */
function packRows(packing: Packing, constants: ReadonlyMap<string, Tensor>): TensorData | undefined {
  const copy = recogniseCopy(packing.value, constants);
  const loops = packing.loops.filter((loop) => loop.extent > 1);
  const row = loops.pop();
  if (copy === undefined || row === undefined) return undefined;
  const { source, otherwise } = copy;
  const read = lineOf(copy.index, [...loops, row]);
  const limits = copy.conditions.flatMap(({ index, low, high }) => {
    const line = lineOf(index, [...loops, row]);
    return line === undefined ? [] : [{ line, step: line.steps[loops.length] as number, low, high }];
  });
  if (read === undefined || limits.length < copy.conditions.length) return undefined;

  const from = source.data as Float32Array;
  const target = allocate(source.dtype, elementCount(packing.loops.map((loop) => loop.extent))) as Float32Array;
  if (otherwise !== 0) target.fill(source.dtype === 'f16' ? numberToHalf(otherwise) : otherwise);
  const step = read.steps[loops.length] as number;
  forEachPoint(loops, [read, ...limits.map(({ line }) => line)], (point) => {
    let first = 0;
    let end = row.extent;
    for (const { line, step, low, high } of limits) {
      first = Math.max(first, firstIndex(line.at, step, low, high));
      end = Math.min(end, endIndex(line.at, step, low, high));
    }
    if (first >= end) return;
    const start = read.at + first * step;
    const last = read.at + (end - 1) * step;
    if (!isWithin(from, start) || !isWithin(from, last))
      assert(false, `packing reads element ${start} to ${last} of ${from.length}`);
    const stop = point * row.extent + end;
    for (let to = point * row.extent + first, at = start; to < stop; to++, at += step) target[to] = from[at] as number;
  });
  return target;
}

function isWithin(data: Float32Array, offset: number): boolean {
  return offset >= 0 && offset < data.length;
}

/** Calls `visit` for every point of the loops, the last one fastest, and moves the lines along. */
function forEachPoint(loops: Packing['loops'], lines: readonly Line[], visit: (point: number) => void): void {
  // What a line gains when a loop moves on and all inside it start again.
  const gains = lines.map(({ steps }) =>
    loops.map((_, axis) =>
      loops.reduce(
        (gain, { extent }, inner) => (inner > axis ? gain - (steps[inner] ?? 0) * (extent - 1) : gain),
        steps[axis] ?? 0,
      ),
    ),
  );
  const counters = loops.map(() => 0);
  const count = loops.reduce((product, { extent }) => product * extent, 1);
  for (let point = 0; point < count; point++) {
    visit(point);
    let axis = loops.length - 1;
    while (axis >= 0 && counters[axis] === (loops[axis]?.extent ?? 0) - 1) counters[axis--] = 0;
    if (axis < 0) return;
    counters[axis] = (counters[axis] ?? 0) + 1;
    for (let i = 0; i < lines.length; i++) (lines[i] as Line).at += gains[i]?.[axis] ?? 0;
  }
}

/** The least i with low <= at + i * step < high, Infinity where there is none. */
function firstIndex(at: number, step: number, low: number, high: number): number {
  if (step === 0) return at >= low && at < high ? 0 : Number.POSITIVE_INFINITY;
  return step > 0 ? Math.ceil((low - at) / step) : Math.floor((high - at) / step) + 1;
}

/** One past the greatest such i. */
function endIndex(at: number, step: number, low: number, high: number): number {
  if (step === 0) return Number.POSITIVE_INFINITY;
  return step > 0 ? Math.ceil((high - at) / step) : Math.floor((low - at) / step) + 1;
}
