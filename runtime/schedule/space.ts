// The space of schedules of one program: every choice that makes a difference, and the steps from one to the next. Derived from the
// frames of the program alone.

import type { Program } from '../loop/program.js';
import { type Choice, choiceKey } from './choice.js';
import { accumulatorsMax, type Draft, type Tile } from './cost.js';
import { defaultChoice } from './default.js';
import { Drafts } from './drafts.js';
import type { FrameChoice } from './frame.js';
import type { TuningMachine } from './machine.js';
import type { Workload } from './workload.js';

export interface Space {
  /** What nobody has tuned starts with; always the first of `choices`. */
  readonly start: Choice;
  readonly choices: readonly Choice[];
  draftOf(choice: Choice): Draft;
  /** Choices that differ in one number by one step. */
  neighbours(choice: Choice): readonly Choice[];
}

/** Sizes worth trying; the end of an axis need not fill a tile. */
const linesTried = [1, 2, 3, 4];
const rowsMax = 28;
const columnsMax = 8;
/** Iterations written out where nothing is reduced. */
const copiesTried = [1, 2, 4, 8];
const chunksTried = [1, 2, 4, 8, 16, 32];
const groupsTried = [16, 32, 64, 128, 256];
/** Multiply-adds in straight-line code, beyond which compilers become slow and caches of instructions small. */
const bodyMax = 600;

export function spaceOf(program: Program, machine: TuningMachine, drafts = new Drafts(program, machine)): Space {
  const start = defaultChoice(program, machine);
  const frames = distinctFrames(drafts);
  const choices = frames.flatMap((frame) => choicesOf(frame, axesOf(drafts.workload(frame), machine)));
  const known = new Map([start, ...choices].map((choice) => [choiceKey(choice), choice]));
  return {
    start,
    choices: [...known.values()],
    draftOf: (choice) => drafts.of(choice),
    neighbours: (choice) => neighboursOf(choice, frames, axesOf(drafts.workload(choice), machine)),
  };
}

/** The values that the numbers of a choice may take under one frame. */
interface Axes {
  readonly tiles: readonly Tile[];
  readonly turned: readonly number[];
  readonly unrolled: (choice: Tile & Pick<Choice, 'turned'>) => readonly number[];
  readonly chunks: readonly number[];
}

function axesOf(workload: Workload, machine: TuningMachine): Axes {
  const { anatomy, lane, rows } = workload.frame;
  const reduce = anatomy.reduce.map((loop) => loop.extent);
  const isTiled = lane !== undefined && reduce.length > 0;
  const chunks = chunksOf(machine);
  if (!isTiled) {
    const copies = reduce.length > 0 ? [1] : upTo(copiesTried, rows?.extent ?? 1);
    return { tiles: copies.map((count) => ({ lines: 1, rows: count, columns: 1 })), turned: [0], unrolled: () => [0], chunks };
  }
  return {
    tiles: tilesOf(workload, accumulatorsMax(machine)),
    turned: reduce.length > 1 ? [0, 1] : [0],
    unrolled: ({ lines, rows: height, columns, turned }) => {
      const at = reduce.length - turned;
      return countsWithin([...reduce.slice(at), ...reduce.slice(0, at)], lines * height * columns);
    },
    chunks,
  };
}

/** Chunks for each thread, or work-items of a group. */
function chunksOf({ threads, grid }: TuningMachine): readonly number[] {
  if (grid !== undefined) return groupsTried.filter((size) => size <= grid.groupLimit);
  return threads === 1 ? [1, 8] : chunksTried;
}

/** All register tiles that fit. */
function tilesOf({ frame: { lines, rows, columns } }: Workload, accumulators: number): Tile[] {
  const tiles: Tile[] = [];
  for (const line of upTo(linesTried, lines?.extent ?? 1)) {
    for (let row = 1; row <= Math.min(rowsMax, rows?.extent ?? 1); row++) {
      for (let column = 1; column <= Math.min(columnsMax, columns?.extent ?? 1); column++) {
        if (line * row * column <= accumulators) tiles.push({ lines: line, rows: row, columns: column });
      }
    }
  }
  return tiles;
}

function upTo(values: readonly number[], max: number): number[] {
  return values.filter((value) => value <= max);
}

/** How many of the innermost loops may be written out: 0, 1, … while the code stays short. */
function countsWithin(extents: readonly number[], tile: number): number[] {
  const counts = [0];
  let body = tile;
  for (const extent of extents.toReversed()) {
    body *= extent;
    if (body > bodyMax) break;
    counts.push(counts.length);
  }
  return counts;
}

function choicesOf(frame: FrameChoice, axes: Axes): Choice[] {
  return axes.tiles.flatMap((tile) =>
    axes.turned.flatMap((turned) =>
      axes
        .unrolled({ ...tile, turned })
        .flatMap((unrolled) => axes.chunks.map((chunks) => ({ ...frame, ...tile, turned, unrolled, chunks }))),
    ),
  );
}

/** Frames that leave the loops in different order; where nothing can be fused or swapped, there is but one. */
function distinctFrames(drafts: Drafts): FrameChoice[] {
  const frames = new Map<string, FrameChoice>();
  for (const vector of [true, false]) {
    for (const fused of [true, false]) {
      for (const swapped of [false, true]) {
        const { lane, anatomy } = drafts.workload({ vector, fused, swapped }).frame;
        const key = [lane ?? '', ...anatomy.space.map(({ name, extent }) => `${name} ${extent}`)].join();
        if (!frames.has(key)) frames.set(key, { vector, fused, swapped });
      }
    }
  }
  return [...frames.values()];
}

function neighboursOf(choice: Choice, frames: readonly FrameChoice[], axes: Axes): Choice[] {
  const { lines, rows, columns, unrolled, chunks } = choice;
  const isTile = (tile: Tile): boolean =>
    axes.tiles.some((other) => other.lines === tile.lines && other.rows === tile.rows && other.columns === tile.columns);
  const tiles = [-1, 1].flatMap((by) => [
    { lines: lines + by, rows, columns },
    { lines, rows: nextOf(rowsOf(axes), rows, by), columns },
    { lines, rows, columns: columns + by },
  ]);
  const found: Choice[] = tiles.filter(isTile).map((tile) => ({ ...choice, ...tile }));
  // More columns for fewer rows, and the other way round: along the edge of what fits, single steps do not lead.
  const area = rows * columns;
  for (const by of [-1, 1]) {
    const traded = { lines, rows: Math.floor(area / Math.max(1, columns + by)), columns: columns + by };
    if (isTile(traded)) found.push({ ...choice, ...traded });
  }
  for (const value of axes.turned) found.push({ ...choice, turned: value });
  for (const by of [-1, 1]) {
    found.push({ ...choice, unrolled: unrolled + by });
    found.push({ ...choice, chunks: nextOf(axes.chunks, chunks, by) });
  }
  for (const frame of frames) found.push({ ...choice, ...frame });
  const own = choiceKey(choice);
  const legal = found.map((other) => ({ ...other, unrolled: clampUnrolled(other, axes) }));
  return [...new Map(legal.map((other) => [choiceKey(other), other])).values()].filter((other) => choiceKey(other) !== own);
}

function rowsOf({ tiles }: Axes): number[] {
  return [...new Set(tiles.map((tile) => tile.rows))].sort((a, b) => a - b);
}

/** The value that is `by` places further on in ascending `values`, or the one at the end. */
function nextOf(values: readonly number[], value: number, by: number): number {
  const at = values.findIndex((other) => other >= value);
  return values[Math.max(0, Math.min(values.length - 1, (at < 0 ? values.length - 1 : at) + by))] ?? value;
}

function clampUnrolled(choice: Choice, axes: Axes): number {
  const counts = axes.unrolled(choice);
  return Math.max(0, Math.min(choice.unrolled, counts.length - 1));
}
