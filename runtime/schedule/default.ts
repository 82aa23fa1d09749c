// The schedule of a program that nobody has tuned: the cheapest register tile by reckoning, everything else as it serves most programs.

import type { Program } from '../loop/program.js';
import type { Choice } from './choice.js';
import { accumulatorsMax, type Tile, tilesCycles } from './cost.js';
import { scheduleFor } from './derive.js';
import { gridChoice } from './grid.js';
import type { Machine } from './machine.js';
import type { Schedule } from './steps.js';
import { type Workload, workloadOf } from './workload.js';

/** A schedule of which every step is legal for `program`. */
export function defaultSchedule(program: Program, machine: Machine): Schedule {
  return scheduleFor(program, machine, defaultChoice(program, machine));
}

const frame = { vector: true, fused: true, swapped: false } as const;
/** So that a slow core takes fewer of them. */
export const chunksPerThread = 8;
/**
 * Multiply-adds in straight-line code: beyond, a loop costs nothing and the code only grows. With narrow vectors a block of channels
 * keeps the registers full by itself; more taps at once would want more of them.
 */
const unrolledMax = (lanes: number): number => (lanes <= 4 ? 160 : 256);

export function defaultChoice(program: Program, machine: Machine): Choice {
  const workload = workloadOf(program, machine, frame);
  if (machine.grid !== undefined) return gridChoice(workload, machine, machine.grid, frame);
  const tile = chooseTile(workload, machine);
  const unrolled = unrolledLoops(workload, tile.rows * tile.columns, unrolledMax(machine.lanes));
  return { ...frame, ...tile, turned: 0, unrolled, chunks: chunksPerThread };
}

/** The cheapest tile of one line; of columns only sizes that divide the axis, since it is also shared out among threads. */
function chooseTile(workload: Workload, machine: Machine): Tile {
  const { anatomy, lane, rows, columns } = workload.frame;
  let best: Tile = { lines: 1, rows: 1, columns: 1 };
  if (anatomy.reduce.length === 0 || lane === undefined) return best;
  let bestCycles = Number.POSITIVE_INFINITY;
  const columnExtent = columns?.extent ?? 1;
  for (let column = 1; column <= Math.min(8, columnExtent); column++) {
    if (columnExtent % column !== 0) continue;
    for (let row = 1; row <= Math.min(16, rows?.extent ?? 1) && row * column <= accumulatorsMax(machine); row++) {
      const tile = { lines: 1, rows: row, columns: column };
      const cycles = tilesCycles({ ...workload, frame: { ...workload.frame, lines: undefined } }, tile, machine);
      if (cycles >= bestCycles * 0.999) continue;
      bestCycles = cycles;
      best = tile;
    }
  }
  return best;
}

/** How many of the innermost loops of a reduction may be written out around a tile. */
function unrolledLoops({ frame: { anatomy } }: Workload, tile: number, bodyMax: number): number {
  let count = 0;
  let body = tile;
  for (const { extent } of anatomy.reduce.toReversed()) {
    body *= extent;
    if (body > bodyMax) break;
    count++;
  }
  return count;
}
