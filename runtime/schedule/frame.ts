// What a register tile is built on: which loop becomes the vector, and which loops around it turn loads into reuse. Derived from the
// anatomy of a program; the frames of a program differ in how its space loops are fused and ordered.

import type { Dtype } from '../core/tensor.js';
import { type Affine, strideOf } from '../loop/affine.js';
import { variablesOf, visitExpressions } from '../loop/expression.js';
import { buffersOf, flatIndex } from '../loop/flat.js';
import type { Expression, Loop, Program } from '../loop/program.js';
import { storesOf, visitBlockExpressions } from '../loop/statement.js';
import { type Anatomy, anatomyOf } from './anatomy.js';
import { apply } from './apply.js';
import type { ScheduleBuilder } from './builder.js';
import { dotLength } from './dot.js';
import type { Machine } from './machine.js';
import type { Step } from './steps.js';

/** How the space loops stand before they are tiled. */
export interface FrameChoice {
  /** The innermost space loop is a vector. */
  readonly vector: boolean;
  /** Rows and columns of planes without a border are one axis. */
  readonly fused: boolean;
  /** The axis of vectors changes sides with the axis of rows. */
  readonly swapped: boolean;
}

export interface Frame {
  /** Of the program with the loops as they stand now. */
  readonly anatomy: Anatomy;
  /** The loop of the lanes of a vector; undefined where there is none. */
  readonly lane: string | undefined;
  /** The loop over vectors, where the loop that was made vectors is longer than one. */
  readonly blocks: string | undefined;
  /** Elements along the lanes' axis. */
  readonly extent: number;
  /** Whose loads are scalars that are spread over a vector, or vectors of their own. */
  readonly rows: Loop | undefined;
  /** A second such axis: the one around it. */
  readonly lines: Loop | undefined;
  /** Whose loads are vectors that all rows share. */
  readonly columns: Loop | undefined;
}

/** Takes the steps up to the frame. */
export function openFrame(builder: ScheduleBuilder, machine: Machine, choice: FrameChoice): Frame {
  splitGroups(builder);
  if (machine.grid === undefined) splitDots(builder);
  const vector = choice.vector ? vectorLoop(builder, machine, choice.fused) : undefined;
  if (vector === undefined) {
    const anatomy = anatomyOf(builder.program);
    return {
      anatomy,
      lane: undefined,
      blocks: undefined,
      extent: 1,
      rows: anatomy.space.at(-1),
      lines: undefined,
      columns: undefined,
    };
  }
  const { lanes } = machine;
  const extent = builder.extentOf(vector);
  const isLong = extent > lanes;
  const lane = isLong ? `${vector}i` : vector;
  const blocks = isLong ? `${vector}o` : undefined;
  if (blocks !== undefined) builder.try({ step: 'split', loop: vector, factor: lanes, outer: blocks, inner: lane });
  const axes = axesOf(anatomyOf(builder.program), lane, blocks);
  if (choice.swapped) swap(builder, axes.rows, axes.columns);
  return { anatomy: anatomyOf(builder.program), lane, blocks, extent, ...axes };
}

/** The loop of a dot product, innermost. */
export const dotLoop = 'd';

/** Sets apart the innermost iterations of a sum of products of bytes, which one instruction computes. */
function splitDots(builder: ScheduleBuilder): void {
  const { reduce, fold } = anatomyOf(builder.program);
  const innermost = reduce.at(-1);
  if (innermost === undefined || fold?.combine !== 'add' || !multipliesBytes(fold.value)) return;
  if (innermost.extent % dotLength !== 0) return;
  builder.try({ step: 'split', loop: innermost.name, factor: dotLength, outer: `${innermost.name}q`, inner: dotLoop });
}

function multipliesBytes(value: Expression): boolean {
  if (value.dtype !== 'i32' || value.kind !== 'call' || value.op !== 'mul') return false;
  return value.args.every((arg) => arg.kind === 'call' && arg.op === 'cast' && isByte(arg.args[0]?.dtype));
}

function isByte(dtype: Dtype | undefined): boolean {
  return dtype === 'u8' || dtype === 'i8';
}

/**
 * A loop that a load follows in whole groups only, as that over the channels of a grouped convolution, becomes two: over groups, and
 * over the places in one, along which that load is the same and can be used again.
 */
function splitGroups(builder: ScheduleBuilder): void {
  const { space, fold } = anatomyOf(builder.program);
  if (fold === undefined) return;
  const sizes = new Map<string, number>();
  visitExpressions(fold.value, (expression) => {
    if (expression.kind !== 'load') return;
    for (const index of expression.index) addGroups(index, sizes);
  });
  for (const { name, extent } of space) {
    const size = sizes.get(name);
    if (size === undefined || extent % size !== 0) continue;
    builder.try({ step: 'split', loop: name, factor: size, outer: `${name}g`, inner: `${name}e` });
  }
}

/** Loops of which only a quotient stands in an index, with its divisor. */
function addGroups({ terms }: Affine, sizes: Map<string, number>): void {
  for (const { atom } of terms) {
    if (atom.kind !== 'quotient' && atom.kind !== 'remainder') continue;
    const [first, ...rest] = atom.of.terms;
    const isLoop = rest.length === 0 && atom.of.constant === 0 && first?.coefficient === 1 && first.atom.kind === 'variable';
    if (!isLoop) addGroups(atom.of, sizes);
    else if (atom.kind === 'quotient') sizes.set(first.atom.name, atom.by);
  }
}

/** The innermost space loop, if it is long enough. */
function vectorLoop(builder: ScheduleBuilder, { lanes }: Machine, fused: boolean): string | undefined {
  const anatomy = anatomyOf(builder.program);
  const [rows, above, innermost] = [anatomy.space.at(-3), anatomy.space.at(-2), anatomy.space.at(-1)];
  if (innermost === undefined) return undefined;
  if (fused && above !== undefined) {
    if (innermost.extent !== lanes && fuseIfAffine(builder, above, innermost)) return fusedName;
    // Rows and columns outside of channel blocks: one axis has fewer ends than many short ones.
    if (innermost.extent === lanes && anatomy.reduce.length > 0 && rows !== undefined) fuseIfAffine(builder, rows, above);
  }
  return innermost.extent >= Math.max(2, lanes / 4) ? innermost.name : undefined;
}

const fusedName = 'p';

/** Quotients in an address cost more than a second loop does. */
function fuseIfAffine(builder: ScheduleBuilder, outer: Loop, inner: Loop): boolean {
  const step: Step = { step: 'fuse', outer: outer.name, inner: inner.name, name: fusedName };
  const applied = apply([step], builder.program);
  return applied.legal && isAffine(applied.program) && builder.try(step);
}

/** No quotient or remainder of the fused loop is left; those of other loops do not change with it. */
function isAffine(program: Program): boolean {
  const buffers = buffersOf(program);
  let affine = true;
  const check = (name: string, index: Parameters<typeof flatIndex>[0]): void => {
    const flat = flatIndex(index, buffers.get(name)?.shape ?? []);
    if (!isEven(flat)) affine = false;
  };
  for (const store of storesOf(program.body)) check(store.buffer, store.index);
  visitBlockExpressions(program.body, (expression) => {
    if (expression.kind === 'load') check(expression.buffer, expression.index);
    if (expression.kind === 'guard') {
      affine &&= expression.conditions.every(({ index }) => isEven(index));
    }
  });
  return affine;
}

/** An index that moves evenly with the fused loop, or not at all. */
function isEven(index: Affine): boolean {
  return strideOf(index, fusedName) !== undefined;
}

/** The axis that turns loads into reuse most, and those that do next. */
function axesOf(anatomy: Anatomy, lane: string, blocks: string | undefined): Pick<Frame, 'rows' | 'lines' | 'columns'> {
  const { loads } = anatomy;
  if (anatomy.reduce.length === 0) {
    const outside = anatomy.space.filter((loop) => loop.name !== lane);
    return { rows: outside.at(-1), lines: undefined, columns: undefined };
  }
  // The lowering calls the batch n, and the planes of a Winograd product, which share nothing either.
  const candidates = anatomy.space.filter((loop) => loop.name !== lane && loop.name !== 'n');
  const isReused = (loop: Loop): boolean => loads.some((load) => !load.loops.has(loop.name));
  // Columns move the loads of vectors, as channel blocks move the weights; some other load is spread over all of them.
  const movesVectors = (loop: Loop): boolean => loads.some((load) => load.loops.has(lane) && load.loops.has(loop.name));
  const isSpread = (loop: Loop): boolean => loads.some((load) => !load.loops.has(loop.name) && !load.loops.has(lane));
  const columns =
    candidates.find((loop) => loop.name === blocks && isReused(loop)) ??
    candidates.find((loop) => movesVectors(loop) && isReused(loop) && isSpread(loop));
  const others = candidates.filter((loop) => loop !== columns && isReused(loop));
  return { rows: others.at(-1), lines: others.at(-2), columns };
}

/** Moves the columns inside of the rows, or outside where they are inside. */
function swap(builder: ScheduleBuilder, rows: Loop | undefined, columns: Loop | undefined): void {
  if (rows === undefined || columns === undefined) return;
  const names = anatomyOf(builder.program).space.map((loop) => loop.name);
  const [row, column] = [names.indexOf(rows.name), names.indexOf(columns.name)];
  const between = names.slice(Math.min(row, column), Math.max(row, column) + 1).filter((name) => name !== columns.name);
  const loops = column < row ? [...between, columns.name] : [columns.name, ...between];
  builder.try({ step: 'reorder', loops });
}

/** Loads in a step of the reduction that move with `axis` but not with `other`; those that do not move with `other` where it is absent. */
export function loadsAlong({ loads }: Anatomy, axis: Loop | undefined, other: Loop | undefined): number {
  const still = loads.filter((load) => other === undefined || !load.loops.has(other.name));
  return axis === undefined ? still.length : still.filter((load) => load.loops.has(axis.name)).length;
}

/** Loads that move with both, as those of depthwise convolutions. */
export function loadsAlongBoth({ loads }: Anatomy, a: Loop | undefined, b: Loop | undefined): number {
  if (a === undefined || b === undefined) return 0;
  return loads.filter((load) => load.loops.has(a.name) && load.loops.has(b.name)).length;
}

/** The loops that the one expression around a constant depends on; undefined where it is not read. */
export function loopsOfConstant(program: Program, name: string): Set<string> | undefined {
  let loops: Set<string> | undefined;
  visitBlockExpressions(program.body, (expression) => {
    const reads = expression.kind === 'load' ? expression : expression.kind === 'guard' ? expression.value : undefined;
    if (reads?.kind !== 'load' || reads.buffer !== name) return;
    loops ??= new Set();
    for (const used of variablesOf(expression)) loops.add(used);
  });
  return loops;
}
