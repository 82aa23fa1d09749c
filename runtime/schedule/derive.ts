// From a choice to the steps of a schedule: vectors along the innermost axis, a register tile over the axes that reuse the most,
// constants packed in reading order, the outermost loops shared out among threads. No operator is known by name.

import { rangeOf, scale, strideOf, subtract, variable } from '../loop/affine.js';
import type { Loop, Program } from '../loop/program.js';
import { findLoops } from '../loop/statement.js';
import { anatomyOf } from './anatomy.js';
import { ScheduleBuilder } from './builder.js';
import type { Choice } from './choice.js';
import { dotLoop, type Frame, loopsOfConstant, openFrame } from './frame.js';
import { bindItems } from './items.js';
import type { Machine } from './machine.js';
import { shareOut } from './parallel.js';
import type { Schedule } from './steps.js';

/** A schedule of which every step is legal for `program`; the same for the same choice. */
export function scheduleFor(program: Program, machine: Machine, choice: Choice): Schedule {
  const builder = new ScheduleBuilder(program);
  const frame = openFrame(builder, machine, choice);
  new Deriver(builder, machine, choice, frame).run();
  if (machine.grid === undefined) {
    shareOut(builder, machine, choice.chunks);
  } else {
    const { groupLimit, groupSides: sides } = machine.grid;
    bindItems(builder, Math.min(choice.chunks, groupLimit), { lanes: machine.lanes, sides });
  }
  return builder.steps;
}

/** An axis that was split into tiles; `outer` counts them. */
interface Tiled {
  readonly outer: string;
  readonly hasTail: boolean;
}

class Deriver {
  private readonly builder: ScheduleBuilder;
  private readonly machine: Machine;
  private readonly choice: Choice;
  private readonly frame: Frame;
  /** Loops of the tile, outermost first. */
  private readonly tile: string[] = [];

  constructor(builder: ScheduleBuilder, machine: Machine, choice: Choice, frame: Frame) {
    this.builder = builder;
    this.machine = machine;
    this.choice = choice;
    this.frame = frame;
  }

  run(): void {
    const { lane, anatomy } = this.frame;
    if (anatomy.reduce.length === 0) this.scheduleSimply(lane);
    else if (lane === undefined) this.vectorizeReduction();
    else this.tileReduction(lane);
  }

  /** Without a reduction nothing is reused: vectors, and a few of them written out one after the other. */
  private scheduleSimply(lane: string | undefined): void {
    const { builder, choice } = this;
    const { rows } = this.frame;
    this.cutEnds([[rows, this.splitTile(rows, choice.rows)]]);
    if (lane !== undefined) {
      builder.try({ step: 'sink', loop: lane });
      builder.try({ step: 'vectorize', loop: lane });
    }
    for (const loop of this.tile) builder.try({ step: 'unroll', loop });
  }

  /** Without a space loop that could be a vector, the lanes share out the terms. */
  private vectorizeReduction(): void {
    const innermost = this.frame.anatomy.reduce.at(-1);
    const { lanes } = this.machine;
    if (innermost === undefined || innermost.extent < 2 * lanes || innermost.extent % lanes !== 0) return;
    if (!this.builder.try({ step: 'split', loop: innermost.name, factor: lanes, outer: 'fo', inner: 'fi' })) return;
    if (this.builder.try({ step: 'rfactor', loop: 'fi' })) this.builder.try({ step: 'vectorize', loop: 'fi' });
  }

  private tileReduction(lane: string): void {
    const { builder, choice } = this;
    const { anatomy, lines, rows, columns } = this.frame;
    const reduce = this.turnReduction(anatomy.reduce);
    const tiles = [
      [lines, this.splitTile(lines, choice.lines)],
      [rows, this.splitTile(rows, choice.rows)],
      [columns, this.splitTile(columns, choice.columns)],
    ] as const;
    this.packConstants(lane, reduce);
    if (reduce.at(-1) === dotLoop) builder.try({ step: 'dot', loop: dotLoop });
    // Columns inside rows: what is spread over a vector for a row then serves all its columns at once.
    for (const loop of [...this.tile, lane]) builder.try({ step: 'sink', loop });
    this.cutEnds(tiles.toReversed());
    this.cutGuards();
    builder.try({ step: 'vectorize', loop: lane });
    for (const loop of this.tile) builder.try({ step: 'unroll', loop });
    this.unrollReduction(reduce);
  }

  /** @returns the names of the reduction's loops in their new order */
  private turnReduction(loops: readonly Loop[]): string[] {
    const fixed = loops.at(-1)?.name === dotLoop ? [dotLoop] : [];
    const names = loops.map((loop) => loop.name).filter((name) => !fixed.includes(name));
    const at = names.length - (this.choice.turned % names.length);
    const turned = [...names.slice(at), ...names.slice(0, at), ...fixed];
    return at < names.length && this.builder.try({ step: 'reorder', loops: turned }) ? turned : [...names, ...fixed];
  }

  private splitTile(loop: Loop | undefined, size: number): Tiled | undefined {
    if (loop === undefined || size === 1) return undefined;
    if (size >= loop.extent) {
      this.tile.push(loop.name);
      return undefined;
    }
    const names = { outer: `${loop.name}t`, inner: `${loop.name}u` };
    if (!this.builder.try({ step: 'split', loop: loop.name, factor: size, ...names })) return undefined;
    this.tile.push(names.inner);
    return { outer: names.outer, hasTail: loop.extent % size !== 0 };
  }

  /** Sets apart the last iteration of every axis whose extent its tiles or vectors do not divide. */
  private cutEnds(axes: readonly (readonly [axis: Loop | undefined, tiled: Tiled | undefined])[]): void {
    const { blocks, extent } = this.frame;
    const ends = new Set<string>();
    if (blocks !== undefined && extent % this.machine.lanes !== 0) {
      const tiled = axes.find(([axis]) => axis?.name === blocks)?.[1];
      ends.add(tiled?.outer ?? blocks);
    }
    for (const [, tiled] of axes) if (tiled?.hasTail) ends.add(tiled.outer);
    for (const loop of ends) this.builder.cutLast(loop);
  }

  /** Constants are read in the order: tiles, steps of the reduction, place in the tile, lane. */
  private packConstants(lane: string, reduce: readonly string[]): void {
    const names = anatomyOf(this.builder.program).space.map((loop) => loop.name);
    const outer = names.filter((name) => name !== lane && !this.tile.includes(name));
    const tile = names.filter((name) => this.tile.includes(name));
    const isDot = reduce.at(-1) === dotLoop;
    const steps = isDot ? reduce.slice(0, -1) : reduce;
    // Neighbouring work-items read what lies side by side; a thread reads one piece after the other.
    const turns = this.machine.grid === undefined ? [...outer, ...steps] : [...steps, ...outer];
    const order = [...turns, ...tile, lane, ...(isDot ? [dotLoop] : [])];
    for (const buffer of this.builder.program.buffers) {
      if (buffer.role !== 'constant') continue;
      const used = loopsOfConstant(this.builder.program, buffer.name);
      if (used === undefined) continue;
      this.builder.try({ step: 'pack', buffer: buffer.name, loops: order.filter((name) => used.has(name)) });
    }
  }

  /** Splits off the iterations of a reduction in which a guard on its loops may fail, as in the last block of channels. */
  private cutGuards(): void {
    const { reduce, fold } = this.frame.anatomy;
    if (fold?.value.kind !== 'guard') return;
    for (const { index, high } of fold.value.conditions) {
      const loop = reduce.find(({ name }) => (strideOf(index, name) ?? 0) > 0);
      if (loop === undefined) continue;
      const stride = strideOf(index, loop.name) ?? 1;
      const others = subtract(index, scale(variable(loop.name, loop.extent), stride));
      const at = Math.floor((high - 1 - rangeOf(others)[1]) / stride) + 1;
      this.builder.try({ step: 'cut', loop: loop.name, at });
    }
  }

  /** Small windows are written out, so that what neighbouring taps share is loaded once. */
  private unrollReduction(reduce: readonly string[]): void {
    for (const loop of reduce.slice(Math.max(0, reduce.length - this.choice.unrolled)).reverse()) {
      if (findLoops(this.builder.program.body, loop).length > 0) this.builder.try({ step: 'unroll', loop });
    }
  }
}
