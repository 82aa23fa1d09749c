// SORT (Bewley and others 2016), the tracker to beat, as its paper and its published figures have it: max_age 1, min_hits 3,
// overlap from 0.3, a filter whose noise is in plain pixels. The published output of it checks this one.

import { assign } from '../../../runtime/track/assign.js';
import { type Box, boxOverlap } from '../../../runtime/track/box.js';
import { type Axis, correctAxis, predictAxis, startAxis } from '../../../runtime/track/kalman.js';
import { byFrame, type MotLine } from './mot.js';

export interface SortOptions {
  /** Frames that a track lives without being found. */
  readonly ageMax: number;
  /** Frames in a row before a track is shown, except at the start of a video. */
  readonly hitsMin: number;
  readonly overlapMin: number;
}

export const sortDefaults: SortOptions = { ageMax: 1, hitsMin: 3, overlapMin: 0.3 };

interface SortTrack {
  readonly id: number;
  /** Centre x, centre y, area, and width through height, which has no velocity. */
  axes: readonly [Axis, Axis, Axis, Axis];
  hits: number;
  missed: number;
}

/** Measurement noise and the drift of position and velocity in a frame, of each axis: the diagonals of SORT's R and Q. */
const noises = [
  { measured: 1, position: 1, velocity: 0.01 },
  { measured: 1, position: 1, velocity: 0.01 },
  { measured: 10, position: 1, velocity: 0.0001 },
  { measured: 10, position: 1, velocity: 0 },
] as const;

/** What SORT makes of detections, frame by frame: lines with ids from 1. */
export function runSort(detections: readonly MotLine[], options: SortOptions = sortDefaults): MotLine[] {
  let tracks: SortTrack[] = [];
  let count = 0;
  return byFrame(detections).flatMap((found, index) => {
    for (const track of tracks) predict(track);
    tracks = tracks.filter(({ axes }) => axes.every(({ position }) => Number.isFinite(position)));
    const unmatched = new Set(found);
    for (const [track, line] of match(tracks, found, options.overlapMin)) {
      correct(track, line.box);
      unmatched.delete(line);
    }
    for (const { box } of unmatched) tracks.push(startTrack(++count, box));
    const shown = tracks.filter(({ hits, missed }) => missed < 1 && (hits >= options.hitsMin || index < options.hitsMin));
    tracks = tracks.filter(({ missed }) => missed <= options.ageMax);
    return shown.map((track) => ({ frame: index + 1, id: track.id, box: boxOf(track), score: 1, class: 1 }));
  });
}

function match(tracks: readonly SortTrack[], found: readonly MotLine[], overlapMin: number): [SortTrack, MotLine][] {
  const boxes = tracks.map(boxOf);
  const gains = Float64Array.from(boxes.flatMap((box) => found.map((line) => boxOverlap(box, line.box))));
  // SORT assigns whatever overlaps, and looks at the limit afterwards.
  const pairs = assign({ rows: tracks.length, columns: found.length, gains, gainMin: 0 });
  return pairs
    .filter(([row, column]) => (gains[row * found.length + column] as number) >= overlapMin)
    .map(([row, column]) => [tracks[row] as SortTrack, found[column] as MotLine]);
}

function startTrack(id: number, box: Box): SortTrack {
  const [x, y, area, aspect] = measure(box);
  return {
    id,
    axes: [startAxis(x, 10, 1e4), startAxis(y, 10, 1e4), startAxis(area, 10, 1e4), startAxis(aspect, 10, 0)],
    hits: 0,
    missed: 0,
  };
}

/** SORT adds its noise after the step, one frame long. */
function predict(track: SortTrack): void {
  if (track.axes[2].position + track.axes[2].velocity <= 0) track.axes = withVelocity(track.axes, 0);
  track.axes = track.axes.map((axis, index) => {
    const { position, velocity } = noises[index] as (typeof noises)[number];
    const moved = predictAxis(axis, 1, { positionDrift: position, velocityDrift: 0 });
    return { ...moved, velocityVariance: moved.velocityVariance + velocity };
  }) as unknown as SortTrack['axes'];
  if (track.missed > 0) track.hits = 0;
  track.missed++;
}

function withVelocity([x, y, area, aspect]: SortTrack['axes'], velocity: number): SortTrack['axes'] {
  return [x, y, { ...area, velocity }, aspect];
}

function correct(track: SortTrack, box: Box): void {
  const measured = measure(box);
  track.axes = track.axes.map((axis, index) =>
    correctAxis(axis, measured[index] as number, (noises[index] as (typeof noises)[number]).measured),
  ) as unknown as SortTrack['axes'];
  track.hits++;
  track.missed = 0;
}

function measure([left, top, right, bottom]: Box): [number, number, number, number] {
  const [width, height] = [right - left, bottom - top];
  return [left + width / 2, top + height / 2, width * height, width / height];
}

function boxOf({ axes }: SortTrack): Box {
  const [x, y, area, aspect] = axes.map(({ position }) => position) as [number, number, number, number];
  const width = Math.sqrt(area * aspect);
  const height = area / width;
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}
