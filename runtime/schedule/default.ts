// The schedule of a program that nobody has tuned, derived from its anatomy: vectors along the innermost axis, a register tile over
// the two axes that reuse the most, constants packed in reading order, the outermost loops shared out among threads.

import { rangeOf, scale, strideOf, subtract, variable } from '../loop/affine.js';
import type { Loop, Program } from '../loop/program.js';
import { findLoops } from '../loop/statement.js';
import { type Anatomy, anatomyOf } from './anatomy.js';
import { apply } from './apply.js';
import type { Machine } from './machine.js';
import { parallelSteps } from './parallel.js';
import type { Schedule, Step } from './steps.js';
import { chooseTile } from './tile.js';

/** A schedule of which every step is legal for `program`. */
export function defaultSchedule(program: Program, machine: Machine): Schedule {
  return new Scheduler(program, machine).run();
}

/** Applies steps as it goes and keeps those that are legal, so that each decision sees the program as it is by then. */
class Scheduler {
  private readonly steps: Step[] = [];
  private program: Program;
  private readonly machine: Machine;

  constructor(program: Program, machine: Machine) {
    this.program = program;
    this.machine = machine;
  }

  run(): Schedule {
    const anatomy = anatomyOf(this.program);
    const vector = this.vectorLoop(anatomy);
    if (vector === undefined) this.vectorizeReduction(anatomy);
    else this.tile(vector);
    for (const step of parallelSteps(this.program, this.machine)) this.try(step);
    return this.steps;
  }

  private try(step: Step): boolean {
    const applied = apply([step], this.program);
    if (!applied.legal) { if (process.env.DBG) console.log(JSON.stringify(step), applied.reason); return false; }
    this.program = applied.program;
    this.steps.push(step);
    return true;
  }

  private extentOf(loop: string): number {
    return findLoops(this.program.body, loop)[0]?.extent ?? 1;
  }

  /** The innermost space loop, if it is long enough; rows and columns of planes without borders count as one axis. */
  private vectorLoop(anatomy: Anatomy): string | undefined {
    const { lanes } = this.machine;
    const [above, innermost] = [anatomy.space.at(-2), anatomy.space.at(-1)];
    if (innermost === undefined) return undefined;
    if (above !== undefined && innermost.extent !== lanes && this.fuseIfAffine(above, innermost)) return 'p';
    // Rows and columns outside of channel blocks: one axis has fewer ends than many short ones.
    const rows = anatomy.space.at(-3);
    if (innermost.extent === lanes && anatomy.reduce.length > 0 && rows !== undefined && above !== undefined) {
      this.fuseIfAffine(rows, above);
    }
    return innermost.extent >= Math.max(2, lanes / 4) ? innermost.name : undefined;
  }

  private fuseIfAffine(outer: Loop, inner: Loop): boolean {
    const step: Step = { step: 'fuse', outer: outer.name, inner: inner.name, name: 'p' };
    const applied = apply([step], this.program);
    if (!applied.legal || !isAffine(applied.program)) return false;
    return this.try(step);
  }

  private vectorizeReduction(anatomy: Anatomy): void {
    const innermost = anatomy.reduce.at(-1);
    const { lanes } = this.machine;
    if (innermost === undefined || innermost.extent < 2 * lanes || innermost.extent % lanes !== 0) return;
    if (!this.try({ step: 'split', loop: innermost.name, factor: lanes, outer: 'fo', inner: 'fi' })) return;
    if (this.try({ step: 'rfactor', loop: 'fi' })) this.try({ step: 'vectorize', loop: 'fi' });
  }

  private tile(vector: string): void {
    const { lanes } = this.machine;
    const extent = this.extentOf(vector);
    let lane = vector;
    let blocks: string | undefined;
    if (extent > lanes) {
      blocks = `${vector}o`;
      lane = `${vector}i`;
      this.try({ step: 'split', loop: vector, factor: lanes, outer: blocks, inner: lane });
    }
    const anatomy = anatomyOf(this.program);
    if (anatomy.reduce.length === 0) this.vectorizeSimply(lane, blocks, extent);
    else this.tileReduction(anatomy, lane, blocks, extent);
  }

  private vectorizeSimply(lane: string, blocks: string | undefined, extent: number): void {
    if (blocks !== undefined && extent % this.machine.lanes !== 0) this.cutTail(blocks);
    this.try({ step: 'sink', loop: lane });
    this.try({ step: 'vectorize', loop: lane });
  }

  private tileReduction(anatomy: Anatomy, lane: string, blocks: string | undefined, extent: number): void {
    const { rows, columns } = chooseAxes(anatomy, lane, blocks);
    const steps = anatomy.reduce.reduce((product, loop) => product * loop.extent, 1);
    const size = chooseTile(
      axis(anatomy, rows, columns),
      axis(anatomy, columns, rows),
      sharedLoads(anatomy, rows, columns),
      steps,
      this.machine,
    );
    const inner: string[] = [];
    const rowTile = this.splitTile(rows, size.rows, inner);
    const columnTile = this.splitTile(columns, size.columns, inner);
    this.packConstants(lane, inner);
    // Columns inside rows: what is spread over a vector for a row then serves all its columns at once.
    for (const loop of [...inner, lane]) this.try({ step: 'sink', loop });
    if (blocks !== undefined && extent % this.machine.lanes !== 0)
      this.cutTail(columnTile?.inner === undefined ? blocks : columnTile.outer);
    if (rowTile !== undefined && (rows?.extent ?? 1) % size.rows !== 0) this.cutTail(rowTile.outer);
    this.cutGuards(anatomy);
    this.try({ step: 'vectorize', loop: lane });
    for (const loop of inner) this.try({ step: 'unroll', loop });
    this.unrollWindow(anatomy, size.rows * size.columns);
  }

  private splitTile(
    loop: Loop | undefined,
    size: number,
    inner: string[],
  ): { outer: string; inner: string | undefined } | undefined {
    if (loop === undefined || size === 1) return undefined;
    if (size >= loop.extent) {
      inner.push(loop.name);
      return undefined;
    }
    const names = { outer: `${loop.name}t`, inner: `${loop.name}u` };
    if (!this.try({ step: 'split', loop: loop.name, factor: size, ...names })) return undefined;
    inner.push(names.inner);
    return names;
  }

  private inNestOrder(loops: readonly string[]): string[] {
    return anatomyOf(this.program)
      .space.map((loop) => loop.name)
      .filter((name) => loops.includes(name));
  }

  /** Constants are read in the order: tile, steps of the reduction, place in the tile, lane. */
  private packConstants(lane: string, inner: readonly string[]): void {
    const { space, reduce } = anatomyOf(this.program);
    const outer = space.map((loop) => loop.name).filter((name) => name !== lane && !inner.includes(name));
    const order = [...outer, ...reduce.map((loop) => loop.name), ...this.inNestOrder(inner), lane];
    for (const buffer of this.program.buffers) {
      if (buffer.role !== 'constant') continue;
      const used = loopsOfConstant(this.program, buffer.name);
      if (used !== undefined) this.try({ step: 'pack', buffer: buffer.name, loops: order.filter((name) => used.has(name)) });
    }
  }

  /** Small windows are written out, so that what neighbouring taps share is loaded once. */
  private unrollWindow(anatomy: Anatomy, tile: number): void {
    let body = tile;
    for (const loop of [...anatomy.reduce].reverse()) {
      body *= loop.extent;
      if (body > unrolledMax) return;
      if (findLoops(this.program.body, loop.name).length > 0) this.try({ step: 'unroll', loop: loop.name });
    }
  }

  /** Splits off the iterations of a reduction in which a guard on its loops may fail, as in the last block of channels. */
  private cutGuards({ reduce, fold }: Anatomy): void {
    if (fold?.value.kind !== 'guard') return;
    for (const { index, high } of fold.value.conditions) {
      const loop = reduce.find(({ name }) => (strideOf(index, name) ?? 0) > 0);
      if (loop === undefined) continue;
      const stride = strideOf(index, loop.name) ?? 1;
      const others = subtract(index, scale(variable(loop.name, loop.extent), stride));
      const at = Math.floor((high - 1 - rangeOf(others)[1]) / stride) + 1;
      this.try({ step: 'cut', loop: loop.name, at });
    }
  }

  private cutTail(loop: string): void {
    const extent = this.extentOf(loop);
    if (extent > 1) this.try({ step: 'cut', loop, at: extent - 1 });
  }
}

/** Multiply-adds in straight-line code: beyond, a loop costs nothing and the code only grows. */
const unrolledMax = 256;

import { addVariables, indicesOf, variablesOf, visitExpressions } from '../loop/expression.js';
import { buffersOf, flatIndex } from '../loop/flat.js';
import { storesOf, visitBlockExpressions } from '../loop/statement.js';
import type { TileAxis } from './tile.js';

function isAffine(program: Program): boolean {
  const buffers = buffersOf(program);
  let affine = true;
  const check = (name: string, index: Parameters<typeof flatIndex>[0]) => {
    const flat = flatIndex(index, buffers.get(name)?.shape ?? []);
    if (flat.terms.some(({ atom }) => atom.kind !== 'variable')) affine = false;
  };
  for (const store of storesOf(program.body)) check(store.buffer, store.index);
  visitBlockExpressions(program.body, (expression) => {
    if (expression.kind === 'load') check(expression.buffer, expression.index);
    if (expression.kind === 'guard')
      affine &&= expression.conditions.every(({ index }) => index.terms.every(({ atom }) => atom.kind === 'variable'));
  });
  return affine;
}

/** The axis that turns loads into reuse most, and the one that does next: of vectors (columns) and of what is spread (rows). */
function chooseAxes(
  anatomy: Anatomy,
  lane: string,
  blocks: string | undefined,
): { rows: Loop | undefined; columns: Loop | undefined } {
  const candidates = anatomy.space.filter((loop) => loop.name !== lane && loop.name !== 'n');
  const reuse = (loop: Loop) => anatomy.loads.filter((load) => !load.loops.has(loop.name)).length;
  // Columns: loops that move the loads of vectors, as channel blocks move the weights.
  const movesVectors = (loop: Loop) => anatomy.loads.some((load) => load.loops.has(lane) && load.loops.has(loop.name));
  const columns =
    candidates.find((loop) => loop.name === blocks && reuse(loop) > 0) ??
    candidates.find((loop) => movesVectors(loop) && reuse(loop) > 0 && sharesNothing(anatomy, loop, lane));
  const rows = candidates.filter((loop) => loop !== columns && reuse(loop) > 0).at(-1);
  return { rows, columns };
}

/** Some load neither moves with the loop nor with the lane: it is spread over all columns. */
function sharesNothing(anatomy: Anatomy, loop: Loop, lane: string): boolean {
  return anatomy.loads.some((load) => !load.loops.has(loop.name) && !load.loops.has(lane));
}

function axis(anatomy: Anatomy, loop: Loop | undefined, other: Loop | undefined): TileAxis {
  if (loop === undefined)
    return { extent: 1, loads: anatomy.loads.filter((load) => other === undefined || !load.loops.has(other.name)).length };
  const loads = anatomy.loads.filter(
    (load) => load.loops.has(loop.name) && (other === undefined || !load.loops.has(other.name)),
  ).length;
  return { extent: loop.extent, loads };
}

function sharedLoads(anatomy: Anatomy, a: Loop | undefined, b: Loop | undefined): number {
  if (a === undefined || b === undefined) return 0;
  return anatomy.loads.filter((load) => load.loops.has(a.name) && load.loops.has(b.name)).length;
}

/** The loops that the one expression around a constant depends on. */
function loopsOfConstant(program: Program, name: string): Set<string> | undefined {
  let loops: Set<string> | undefined;
  visitBlockExpressions(program.body, (expression) => {
    const reads = expression.kind === 'load' ? expression : expression.kind === 'guard' ? expression.value : undefined;
    if (reads?.kind !== 'load' || reads.buffer !== name) return;
    loops ??= new Set();
    for (const used of variablesOf(expression)) loops.add(used);
  });
  return loops;
}

export { addVariables, indicesOf, visitExpressions };
