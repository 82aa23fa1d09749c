// Sizes of register tiles, by reckoning: a tile of rows x columns accumulators costs the larger of its arithmetic and its loads in
// every step of the reduction, and tiles at the ends that are only partly full cost almost as much as full ones.

import type { Machine } from './machine.js';

export interface TileAxis {
  readonly extent: number;
  /** Loads in a step that move with this axis alone, with both axes, or with neither are told apart by the caller. */
  readonly loads: number;
}

export interface TileSizes {
  readonly rows: number;
  readonly columns: number;
}

const loadsPerCycle = 2;
/** Cycles of latency times multiply-adds in a cycle: fewer accumulators than this wait for each other. */
const latency = 4;

/**
 * The cheapest tile.
 * @param rows the axis whose loads are scalars that are spread over a vector (or vectors, if `wideRows`)
 * @param columns the axis of vectors; only sizes that divide its extent are tried, since it is also shared out among threads
 * @param both loads in a step that move with both axes (depthwise)
 * @param steps of the reduction
 */
export function chooseTile(rows: TileAxis, columns: TileAxis, both: number, steps: number, machine: Machine): TileSizes {
  // Without 32 registers the operand of a multiply-add cannot wait in one of its own for every row.
  const accumulatorsMax = machine.vectorRegisters >= 32 ? 28 : machine.vectorRegisters - 4;
  let best: TileSizes = { rows: 1, columns: 1 };
  let bestCost = Number.POSITIVE_INFINITY;
  for (let columnCount = 1; columnCount <= Math.min(8, columns.extent); columnCount++) {
    if (columns.extent % columnCount !== 0) continue;
    for (let rowCount = 1; rowCount <= Math.min(16, rows.extent) && rowCount * columnCount <= accumulatorsMax; rowCount++) {
      const full = Math.floor(rows.extent / rowCount);
      const tail = rows.extent % rowCount;
      const cost =
        (full * tileCycles(rowCount, columnCount) + (tail > 0 ? tileCycles(tail, columnCount) : 0)) *
        (columns.extent / columnCount);
      if (cost < bestCost * 0.999) {
        bestCost = cost;
        best = { rows: rowCount, columns: columnCount };
      }
    }
  }
  return best;

  function tileCycles(rowCount: number, columnCount: number): number {
    const products = rowCount * columnCount;
    const loads = rowCount * rows.loads + columnCount * columns.loads + products * both;
    const perStep = Math.max(products / machine.fmaPerCycle, loads / loadsPerCycle, latency);
    return perStep * steps + products * 2 + 8;
  }
}
