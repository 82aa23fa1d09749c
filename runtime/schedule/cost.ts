// The draft: what a choice costs by reckoning, in cycles of one core, without lowering it. A tile costs the larger of its arithmetic
// and its loads in every step of the reduction, and ends that fill a tile only in part cost almost as much as full ones; what is read
// and written costs by the cache that it comes from; threads wait for the slowest. It ranks; model.ts learns what it leaves out.

import type { Choice } from './choice.js';
import type { Machine, TuningMachine } from './machine.js';
import type { Access, Workload } from './workload.js';

/** Cycles, but where something else is said. */
export interface Draft {
  readonly compute: number;
  /** At each point after the reduction. */
  readonly epilogue: number;
  /** To bring what is touched into the first and the second cache. */
  readonly l1Traffic: number;
  readonly l2Traffic: number;
  /** By how much the slowest thread has more to do than all on average, 1 or more. */
  readonly imbalance: number;
  /** Iterations of the parallel loop. */
  readonly chunks: number;
  /** Multiply-adds of whole vectors in the straight-line code of the innermost loop. */
  readonly body: number;
  /** All of it, with all threads at work. */
  readonly total: number;
}

const loadsPerCycle = 2;
/** Cycles of latency times multiply-adds in a cycle: fewer accumulators than this wait for each other. */
const latency = 4;
const l1BytesPerCycle = 32;
const l2BytesPerCycle = 16;
/** The share of a cache that a loop may count on. */
const cacheShare = 0.75;
/** Counter and branch of a loop that is not written out. */
const turnCycles = 2;
const slowCallCycles = 12;
/** What starting the threads and waiting for them takes, and handing one of them a chunk. */
const launchCycles = 3000;
const chunkCycles = 40;
/** Multiply-adds of straight-line code that the cache of instructions holds. */
const bodyMax = 600;
/** How much of what is cheaper than the dearest part is not hidden behind it. */
const exposed = 0.3;

/**
 * Accumulators that leave registers for the operands. Without 32 registers an operand cannot wait in one of its own for every row; where
 * four lanes of 32 registers are multiplied one by one (codegen/lanes.ts), a vector waits for each of 10 rows of 2.
 */
export function accumulatorsMax({ vectorRegisters, lanes }: Pick<Machine, 'vectorRegisters' | 'lanes'>): number {
  if (vectorRegisters < 32) return vectorRegisters - 4;
  return lanes <= 4 ? 20 : 28;
}

export interface Tile {
  readonly lines: number;
  readonly rows: number;
  readonly columns: number;
}

/** Cycles for all tiles along the tiled axes, the partly filled ones at the ends included. */
export function tilesCycles(workload: Workload, tile: Tile, machine: Machine): number {
  const { lines, rows, columns } = workload.frame;
  let cycles = 0;
  for (const [line, lineCount] of partsOf(lines?.extent ?? 1, tile.lines)) {
    for (const [row, rowCount] of partsOf(rows?.extent ?? 1, tile.rows)) {
      for (const [column, columnCount] of partsOf(columns?.extent ?? 1, tile.columns)) {
        cycles += lineCount * rowCount * columnCount * tileCycles(workload, line * row, column, machine);
      }
    }
  }
  return cycles;
}

/** The full tiles of an axis and the one at its end: sizes and how many there are. */
function partsOf(extent: number, size: number): readonly (readonly [size: number, count: number])[] {
  const tail = extent % size;
  const full = [size, Math.floor(extent / size)] as const;
  return tail === 0 ? [full] : full[1] === 0 ? [[tail, 1]] : [full, [tail, 1]];
}

function tileCycles(workload: Workload, rows: number, columns: number, machine: Machine): number {
  const products = rows * columns;
  const loads = rows * workload.rowLoads + columns * workload.columnLoads + products * workload.bothLoads;
  const step = Math.max(products / machine.fmaPerCycle, loads / loadsPerCycle, latency);
  return step * workload.steps + products * 2 + 8;
}

export function draft(workload: Workload, choice: Choice, machine: TuningMachine): Draft {
  const { frame, points } = workload;
  const body = bodyOf(workload, choice);
  const vectors = frame.lane === undefined ? points : points / machine.lanes;
  const compute = computeCycles(workload, choice, machine) * (body > bodyMax ? 1 + Math.log2(body / bodyMax) / 8 : 1);
  const epilogue = vectors * (workload.slowCalls * slowCallCycles + workload.quickCalls / machine.fmaPerCycle + 1);
  const nest = nestOf(workload, choice);
  const l1Traffic = traffic(workload.accesses, nest, machine.l1Bytes * cacheShare) / l1BytesPerCycle;
  const l2Traffic = traffic(workload.accesses, nest, machine.l2Bytes * cacheShare) / l2BytesPerCycle;
  const outer = nest.slice(nest.length - frame.anatomy.space.filter(({ name }) => name !== frame.lane).length);
  const chunks = chunksOf(outer, machine.threads * choice.chunks);
  const imbalance = (Math.ceil(chunks / machine.threads) * machine.threads) / chunks;
  const parts = [compute + epilogue, l1Traffic, l2Traffic];
  const dearest = Math.max(...parts);
  const work = dearest + (parts.reduce((sum, part) => sum + part, 0) - dearest) * exposed;
  const total = (work * imbalance + chunks * chunkCycles) / machine.threads + launchCycles;
  return { compute, epilogue, l1Traffic, l2Traffic, imbalance, chunks, body, total };
}

function computeCycles(workload: Workload, choice: Choice, machine: TuningMachine): number {
  const { frame, points, steps, accesses } = workload;
  if (frame.lane === undefined) return (points * steps * latency) / (steps >= 2 * machine.lanes ? machine.lanes : 1);
  if (steps === 1) {
    const vectors = points / machine.lanes;
    return vectors * (accesses.length / loadsPerCycle + 2 / choice.rows);
  }
  const tiled = [frame.lines, frame.rows, frame.columns].reduce((product, loop) => product * (loop?.extent ?? 1), 1);
  const laneExtent = frame.anatomy.space.find((loop) => loop.name === frame.lane)?.extent ?? 1;
  const vectors = points / laneExtent;
  const turns = (vectors * steps) / bodyOf(workload, choice);
  return (vectors / tiled) * tilesCycles(workload, choice, machine) + turns * turnCycles;
}

/** Multiply-adds that are written out one after the other. */
export function bodyOf({ frame }: Workload, { lines, rows, columns, turned, unrolled }: Choice): number {
  const loops = turn(frame.anatomy.reduce, turned);
  const written = loops.slice(Math.max(0, loops.length - unrolled));
  return written.reduce((product, { extent }) => product * extent, lines * rows * columns);
}

/** The last loops come first. */
function turn<T>(loops: readonly T[], by: number): readonly T[] {
  const at = loops.length === 0 ? 0 : loops.length - (by % loops.length);
  return [...loops.slice(at), ...loops.slice(0, at)];
}

/** A loop of the nest that a choice makes. */
interface Level {
  readonly loop: string;
  readonly count: number;
  /** Iterations of the loop as it was before it was tiled. */
  readonly extent: number;
}

/** Innermost first: the lanes, the tile, the reduction, the loops that count tiles. */
function nestOf({ frame }: Workload, choice: Choice): readonly Level[] {
  const { anatomy, lane, lines, rows, columns } = frame;
  const sizes = new Map<string, number>();
  if (lines !== undefined) sizes.set(lines.name, Math.min(choice.lines, lines.extent));
  if (rows !== undefined) sizes.set(rows.name, Math.min(choice.rows, rows.extent));
  if (columns !== undefined) sizes.set(columns.name, Math.min(choice.columns, columns.extent));
  const space = anatomy.space.toReversed();
  const inner = space.filter((loop) => loop.name === lane).map(({ name, extent }) => ({ loop: name, count: extent, extent }));
  const tile = [...sizes]
    .toReversed()
    .map(([loop, count]) => ({ loop, count, extent: space.find(({ name }) => name === loop)?.extent ?? count }));
  const reduce = turn(anatomy.reduce, choice.turned)
    .toReversed()
    .map(({ name, extent }) => ({ loop: name, count: extent, extent }));
  const outer = space
    .filter((loop) => loop.name !== lane)
    .map(({ name, extent }) => ({ loop: name, count: Math.ceil(extent / (sizes.get(name) ?? 1)), extent }));
  return [...inner, ...tile, ...reduce, ...outer];
}

/** Bytes that come into a cache: what one execution of the first loop that does not fit touches, each time that loop runs. */
function traffic(accesses: readonly Access[], nest: readonly Level[], cacheBytes: number): number {
  const covered = new Map<string, number>();
  let touched = 0;
  for (const [level, { loop, count, extent }] of nest.entries()) {
    covered.set(loop, Math.min(extent, (covered.get(loop) ?? 1) * count));
    touched = accesses.reduce((sum, access) => sum + footprint(access, covered), 0);
    if (touched <= cacheBytes) continue;
    return nest.slice(level + 1).reduce((product, outer) => product * outer.count, touched);
  }
  return touched;
}

/** Bytes that an access touches while each loop makes so many iterations. */
function footprint({ elementBytes, axes }: Access, covered: ReadonlyMap<string, number>): number {
  let bytes = elementBytes;
  for (const { extent, strides } of axes) {
    let reach = 1;
    for (const [loop, stride] of strides) reach += stride * ((covered.get(loop) ?? 1) - 1);
    bytes *= Math.min(extent, reach);
  }
  return bytes;
}

/** Iterations of the parallel loop: the outermost ones of `outer`, fused until there are as many as wanted. */
function chunksOf(outer: readonly Level[], wanted: number): number {
  let chunks = 1;
  for (const { count } of outer.toReversed()) {
    if (chunks >= wanted) break;
    chunks *= count;
  }
  return chunks;
}
