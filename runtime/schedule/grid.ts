// The draft for a device that runs work-items: a work-item takes the larger of its arithmetic and its loads in every step of the
// reduction, more where its registers keep others from running beside it; work-items beyond what the device holds wait.

import type { Choice } from './choice.js';
import { bodyOf, type Draft, type Tile } from './cost.js';
import type { FrameChoice } from './frame.js';
import type { GridFacts, Machine } from './machine.js';
import type { Workload } from './workload.js';

/** Loads of vectors take so many multiply-adds of vectors. */
const loadCost = 2;
/** What a work-item does besides: offsets, its first and last instructions. */
const startCost = 40;
const stepCost = 1;
/** Of exp and the like. */
const slowCost = 8;
/** How much longer a work-item takes while half as many others hide its waiting. */
const halfFull = 1.35;
/** Registers that go to memory. */
const spilled = 8;
/** Multiply-adds of vectors in straight-line code: compilers then read ahead, into more registers; for each vector that fits, and at most. */
const unrolledPerVector = 4;
const unrolledMax = 40;

export function gridChoice(workload: Workload, machine: Machine, grid: GridFacts, frame: FrameChoice): Choice {
  const tile = chooseTile(workload, machine, grid);
  const bodyMax = Math.min(unrolledMax, grid.vectorsFull * unrolledPerVector);
  const unrolled = unrolledLoops(workload, tile.rows * tile.columns, bodyMax);
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
  const items = workload.points / machine.lanes / productsOf(tile);
  return itemOf(workload, tile, machine, grid).total * Math.max(1, items / grid.items);
}

/** What a work-item takes: in multiply-adds of vectors. */
interface Item {
  readonly compute: number;
  readonly loads: number;
  /** By how much its registers lengthen it. */
  readonly pressure: number;
  readonly total: number;
}

function itemOf(workload: Workload, tile: Tile, machine: Machine, grid: GridFacts): Item {
  const { lines, rows, columns } = tile;
  const { steps, rowLoads, columnLoads, bothLoads } = workload;
  const products = productsOf(tile);
  // Neighbouring scalars are read as one vector.
  const loads = (lines * rows * rowLoads) / machine.lanes + columns * columnLoads + products * bothLoads;
  // Sums, what the lanes of a vector of scalars are multiplied by, and that vector: a row does all its lanes before the next.
  const vectors = products + machine.lanes * columns + 1;
  const pressure = vectors > machine.vectorRegisters ? spilled : vectors > grid.vectorsFull ? halfFull : 1;
  const step = Math.max(products, loads * loadCost) + loads / 2 + stepCost;
  return {
    compute: steps * products,
    loads: steps * loads,
    pressure,
    total: (steps * step + startCost + products * 4) * pressure,
  };
}

const productsOf = ({ lines, rows, columns }: Tile): number => lines * rows * columns;

/** Like draft() of cost.ts, for the work-items of a device. Group sizes are left to what is measured. */
export function gridDraft(workload: Workload, choice: Choice, machine: Machine, grid: GridFacts): Draft {
  const { frame, points, steps, slowCalls, quickCalls } = workload;
  const body = bodyOf(workload, choice);
  if (frame.lane === undefined || steps === 1) {
    const items = points / (frame.lane === undefined ? 1 : machine.lanes) / choice.rows;
    const compute = choice.rows * steps * (frame.lane === undefined ? machine.lanes : 1);
    const epilogue = choice.rows * (slowCalls * slowCost + quickCalls);
    const rounds = Math.max(1, items / grid.items);
    const total = (compute * loadCost + epilogue + startCost) * rounds;
    return { compute, epilogue, l1Traffic: compute * loadCost, l2Traffic: 0, imbalance: rounds, chunks: items, body, total };
  }
  const tiles = [frame.lines, frame.rows, frame.columns].map((loop, i) => {
    const extent = loop?.extent ?? 1;
    return Math.ceil(extent / ([choice.lines, choice.rows, choice.columns][i] ?? 1)) / extent;
  });
  const items = tiles.reduce((product, share) => product * share, points / machine.lanes);
  const item = itemOf(workload, choice, machine, grid);
  const epilogue = productsOf(choice) * (slowCalls * slowCost + quickCalls);
  const rounds = Math.max(1, items / grid.items);
  // Counter and branch, unless the loop is written out.
  const turns = (steps * productsOf(choice)) / body;
  const total = (item.total + epilogue + turns) * rounds;
  const { compute, loads, pressure } = item;
  return { compute, epilogue, l1Traffic: loads * loadCost, l2Traffic: pressure, imbalance: rounds, chunks: items, body, total };
}

/** How many of the innermost loops of a reduction are written out around a tile. */
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
