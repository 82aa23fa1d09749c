// `npm run bench -- track`: what a frame costs the tracker. People walk through a picture in all directions, so that many overlap;
// some are hidden and some boxes are noise, as from a detector. One thread, no pictures, no model.

import { writeFile } from 'node:fs/promises';
import { createTracker } from '../../runtime/track/tracker.js';
import type { DetectedObject } from '../../runtime/vision/boxes.js';
import { parseCount, parseCounts, parseFlags } from './support/arguments.js';
import { describeMachine, printMachine } from './support/machine.js';
import { median, percentile } from './support/statistics.js';
import { type Column, printHeader, printMs, printRow } from './support/table.js';

const picture = { width: 1920, height: 1080 } as const;
const framesPerS = 25;

/** Frames before the first that is timed: tracks are confirmed, and the code is compiled. */
const warmUp = 200;

/** Share of boxes that a detector misses, and of those that it invents. */
const shares = { missed: 0.1, invented: 0.05 } as const;

interface CostRow {
  readonly objects: number;
  readonly median_ms: number;
  readonly min_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

const columns: readonly Column<CostRow>[] = [
  { title: 'objects', width: 7, cell: (row) => String(row.objects) },
  { title: 'median', width: 6, cell: (row) => printMs(row.median_ms) },
  { title: 'min', width: 6, cell: (row) => printMs(row.min_ms) },
  { title: 'p99', width: 6, cell: (row) => printMs(row.p99_ms) },
  { title: 'max', width: 6, cell: (row) => printMs(row.max_ms) },
];

/**
 * Prints a row for each count of objects.
 * @param args `--objects 10,50,200`, `--frames N`, `--json FILE`
 * @throws OnboxError `usage`
 */
export async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['objects', 'frames', 'json']);
  const counts = parseCounts('objects', flags.objects ?? '10,50,200,400', 500);
  const frames = parseCount('frames', flags.frames ?? '1000', 100_000);
  const machine = describeMachine();
  print(`${printMachine(machine)}\n${frames} frames of ${picture.width} x ${picture.height}, ms for each\n`);
  print(printHeader(columns));
  const rows: CostRow[] = [];
  for (const count of counts) {
    const row = measure(count, frames);
    print(printRow(columns, row));
    rows.push(row);
  }
  if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify({ machine, frames, rows }, undefined, 2)}\n`);
}

function measure(count: number, frames: number): CostRow {
  const tracker = createTracker();
  const shoot = createCrowd(count);
  const times: number[] = [];
  for (let frame = 0; frame < warmUp + frames; frame++) {
    const objects = shoot(frame / framesPerS);
    const before = performance.now();
    tracker.update(objects, frame, frame / framesPerS);
    if (frame >= warmUp) times.push(performance.now() - before);
  }
  return {
    objects: count,
    median_ms: median(times),
    min_ms: Math.min(...times),
    p99_ms: percentile(times, 0.99),
    max_ms: Math.max(...times),
  };
}

/** Detections of `count` walkers at a time in seconds. The same in every run. */
function createCrowd(count: number): (timeS: number) => DetectedObject[] {
  const random = createRandom(count);
  const walkers = Array.from({ length: count }, () => ({
    x: random() * picture.width,
    y: random() * picture.height,
    speedX: 80 * (random() - 0.5),
    speedY: 40 * (random() - 0.5),
    height: 60 + 80 * random(),
  }));
  return (timeS) => {
    const found = walkers
      .filter(() => random() >= shares.missed)
      .map(({ x, y, speedX, speedY, height }) => {
        const tremble = 0.03 * height;
        const left = wrap(x + speedX * timeS, picture.width) + tremble * (random() - 0.5);
        const top = wrap(y + speedY * timeS, picture.height) + tremble * (random() - 0.5);
        return objectAt(left, top, height, 0.5 + 0.45 * random());
      });
    const invented = Array.from({ length: Math.round(count * shares.invented) }, () =>
      objectAt(random() * picture.width, random() * picture.height, 80, 0.25 + 0.5 * random()),
    );
    return [...found, ...invented];
  };
}

function objectAt(left: number, top: number, height: number, confidence: number): DetectedObject {
  return { label: 'person', class: 0, confidence, box: [left, top, left + 0.4 * height, top + height] };
}

function wrap(value: number, extent: number): number {
  return ((value % extent) + extent) % extent;
}

/** Numbers from 0 to 1 by the linear congruence of Numerical Recipes. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
