// What the draft must know of a program under one frame: its loops, and how far each of its reads and writes moves with each of them.
// Built once; drafts of thousands of choices are read off it.

import { dtypeBytes } from '../core/tensor.js';
import { type Affine, rangeOf, strideOf, visitAtoms } from '../loop/affine.js';
import { visitExpressions } from '../loop/expression.js';
import { buffersOf } from '../loop/flat.js';
import type { Buffer, Loop, Program, Statement } from '../loop/program.js';
import { storesOf, visitBlockExpressions } from '../loop/statement.js';
import { ScheduleBuilder } from './builder.js';
import { type Frame, type FrameChoice, loadsAlong, loadsAlongBoth, openFrame } from './frame.js';
import type { Machine } from './machine.js';

export interface Workload {
  readonly frame: Frame;
  readonly accesses: readonly Access[];
  /** Iterations of the reduction for one point. */
  readonly steps: number;
  /** Points: iterations of all space loops. */
  readonly points: number;
  /** Loads in a step that move with the rows alone, the columns alone, with both. */
  readonly rowLoads: number;
  readonly columnLoads: number;
  readonly bothLoads: number;
  /** Calls of exp and the like, and other operations, at a point outside of the reduction. */
  readonly slowCalls: number;
  readonly quickCalls: number;
}

/** A place that is read or written. */
export interface Access {
  readonly elementBytes: number;
  readonly axes: readonly {
    readonly extent: number;
    /** How far the index moves with a loop, in elements of the axis. */
    readonly strides: ReadonlyMap<string, number>;
  }[];
}

const slow: ReadonlySet<string> = new Set(['exp', 'sigmoid', 'tanh', 'erf', 'log', 'pow', 'sin', 'cos', 'div', 'sqrt']);

export function workloadOf(program: Program, machine: Machine, choice: FrameChoice): Workload {
  const builder = new ScheduleBuilder(program);
  const frame = openFrame(builder, machine, choice);
  const { anatomy, rows, columns } = frame;
  const calls = countCalls(anatomy.point);
  return {
    frame,
    accesses: accessesOf(builder.program, [...anatomy.space, ...anatomy.reduce]),
    steps: productOf(anatomy.reduce),
    points: productOf(anatomy.space),
    rowLoads: loadsAlong(anatomy, rows, columns),
    columnLoads: loadsAlong(anatomy, columns, rows),
    bothLoads: loadsAlongBoth(anatomy, rows, columns),
    ...calls,
  };
}

function productOf(loops: readonly Loop[]): number {
  return loops.reduce((product, { extent }) => product * extent, 1);
}

function accessesOf(program: Program, loops: readonly Loop[]): Access[] {
  const accesses = new Map<string, Access>();
  const buffers = buffersOf(program);
  const add = (name: string, index: readonly Affine[]): void => {
    const buffer = buffers.get(name);
    if (buffer === undefined || buffer.role === 'local') return;
    const access = accessOf(buffer, index, loops);
    accesses.set(`${name} ${access.axes.map(({ strides }) => [...strides].join(' ')).join()}`, access);
  };
  visitBlockExpressions(program.body, (expression) => {
    if (expression.kind === 'load') add(expression.buffer, expression.index);
  });
  for (const store of storesOf(program.body)) add(store.buffer, store.index);
  return [...accesses.values()];
}

function accessOf({ dtype, shape }: Buffer, index: readonly Affine[], loops: readonly Loop[]): Access {
  const axes = index.map((at, axis) => {
    const strides = new Map<string, number>();
    const extent = shape[axis] ?? 1;
    for (const { name, extent: count } of loops) {
      const stride = strideOf(at, name);
      // Inside a quotient or a remainder: as if the loop moved evenly over all that the index reaches.
      const moved = stride ?? (movesWith(at, name) ? (rangeOf(at)[1] - rangeOf(at)[0]) / Math.max(1, count - 1) : 0);
      if (moved !== 0) strides.set(name, Math.abs(moved));
    }
    return { extent, strides };
  });
  return { elementBytes: dtypeBytes(dtype), axes };
}

function movesWith(index: Affine, loop: string): boolean {
  let moves = false;
  visitAtoms(index, (atom) => {
    if (atom.kind === 'variable' && atom.name === loop) moves = true;
  });
  return moves;
}

/** Of the statements of a point, without those of its reductions. */
function countCalls(point: readonly Statement[]): { slowCalls: number; quickCalls: number } {
  let slowCalls = 0;
  let quickCalls = 0;
  for (const statement of point) {
    if (statement.kind !== 'store') continue;
    visitExpressions(statement.value, (expression) => {
      if (expression.kind !== 'call') return;
      if (slow.has(expression.op)) slowCalls++;
      else quickCalls++;
    });
  }
  return { slowCalls, quickCalls };
}
