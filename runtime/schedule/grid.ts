// The draft for a device that runs work-items: a work-item takes the larger of its arithmetic and its loads in every step of the
// reduction, more where its registers keep others from running beside it; work-items beyond what the device holds wait.

import type { Choice } from './choice.js';
import type { Tile } from './cost.js';
import type { FrameChoice } from './frame.js';
import type { GridFacts, Machine } from './machine.js';
import type { Workload } from './workload.js';

/** Loads of vectors take so many multiply-adds of vectors. */
const loadCost = 2;
/** What a work-item does besides: offsets, its first and last instructions. */
const startCost = 40;
const stepCost = 1;
/** How much longer a work-item takes while half as many others hide its waiting. */
const halfFull = 1.35;
/** Registers that go to memory. */
const spilled = 8;
/** Multiply-adds of vectors in straight-line code: what the compiler then holds in registers at once. */
const unrolledMax = 40;

export function gridChoice(workload: Workload, machine: Machine, grid: GridFacts, frame: FrameChoice): Choice {
  const tile = chooseTile(workload, machine, grid);
  const unrolled = unrolledLoops(workload, tile.rows * tile.columns);
  return { ...frame, ...tile, turned: 0, unrolled, chunks: grid.groupMax };
}

function chooseTile(workload: Workload, machine: Machine, grid: GridFacts): Tile {
  const { anatomy, lane, rows, columns } = workload.frame;
  let best: Tile = { lines: 1, rows: 1, columns: 1 };
  if (anatomy.reduce.length === 0 || lane === undefined) return best;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const column of sizesOf(columns?.extent ?? 1, 4)) {
    for (const row of sizesOf(rows?.extent ?? 1, 8)) {
      const tile = { lines: 1, rows: row, columns: column };
      const cost = gridCost(workload, tile, machine, grid);
      if (cost >= bestCost * 0.999) continue;
      bestCost = cost;
      best = tile;
    }
  }
  return best;
}

/** Ends that fill a tile only in part are code of their own, which waits beside the other: sizes divide the axis. */
function sizesOf(extent: number, max: number): number[] {
  return Array.from({ length: Math.min(max, extent) }, (_, i) => i + 1).filter((size) => extent % size === 0);
}

/** In multiply-adds of vectors, one after the other. */
function gridCost(workload: Workload, tile: Tile, machine: Machine, grid: GridFacts): number {
  const { lines, rows, columns } = tile;
  const { points, steps } = workload;
  const products = lines * rows * columns;
  // Neighbouring scalars are read as one vector.
  const loads =
    (lines * rows * workload.rowLoads) / machine.lanes + columns * workload.columnLoads + products * workload.bothLoads;
  // Sums, what the lanes of a vector of scalars are multiplied by, and that vector: a row does all its lanes before the next.
  const vectors = products + machine.lanes * columns + 1;
  const pressure = vectors > machine.vectorRegisters ? spilled : vectors > grid.vectorsFull ? halfFull : 1;
  const step = Math.max(products, loads * loadCost) + loads / 2 + stepCost;
  const item = (steps * step + startCost + products * 4) * pressure;
  const items = points / machine.lanes / products;
  return item * Math.max(1, items / grid.items);
}

/** How many of the innermost loops of a reduction are written out around a tile. */
function unrolledLoops({ frame: { anatomy } }: Workload, tile: number): number {
  let count = 0;
  let body = tile;
  for (const { extent } of anatomy.reduce.toReversed()) {
    body *= extent;
    if (body > unrolledMax) break;
    count++;
  }
  return count;
}
