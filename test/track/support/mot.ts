// MOTChallenge text files, and TrackEval's rules of what of them counts: zero-marked truth never, and with the classes of MOT17
// pedestrians only, while whatever a tracker finds on a distractor is neither right nor wrong.

import { readFileSync } from 'node:fs';
import { assign } from '../../../runtime/track/assign.js';
import { type Box, boxOverlap } from '../../../runtime/track/box.js';

/** A line of a file: `frame,id,left,top,width,height,score,class,visibility`, or without the last two. */
export interface MotLine {
  /** From 1. */
  readonly frame: number;
  /** -1 for detections. */
  readonly id: number;
  readonly box: Box;
  /** Of a detection or a track: confidence. Of truth: 0 if it is not to be counted. */
  readonly score: number;
  /** Of truth in MOT17's form: 1 pedestrian and others. 1 in files of MOT15, which have no classes. */
  readonly class: number;
}

/** The lines of a file in its order. MOT15 has world coordinates where MOT17 has the class: only 9 columns make a class. */
export function parseMot(text: string): MotLine[] {
  const rows = text.split('\n').filter((line) => line.trim() !== '');
  return rows.map((row) => {
    const columns = row.split(',').map(Number);
    const [frame = 0, id = 0, left = 0, top = 0, width = 0, height = 0, score = 1] = columns;
    const kind = columns.length === 9 ? (columns[7] as number) : 1;
    return { frame, id, box: [left, top, left + width, top + height], score, class: kind };
  });
}

export function readMot(path: string): MotLine[] {
  return parseMot(readFileSync(path, 'utf8'));
}

/** The lines of each frame, in their order; frame 1 comes first, and no frame is left out. */
export function byFrame(lines: readonly MotLine[]): MotLine[][] {
  const last = lines.reduce((most, { frame }) => Math.max(most, frame), 0);
  const frames: MotLine[][] = Array.from({ length: last }, () => []);
  for (const line of lines) frames[line.frame - 1]?.push(line);
  return frames;
}

/** A thing in a frame, as the metrics see it. Ids count from 0 without gaps. */
export interface Sighting {
  readonly id: number;
  readonly box: Box;
}

export interface FramePair {
  readonly truth: readonly Sighting[];
  readonly found: readonly Sighting[];
  /** Intersection over union of each true box with each found one, row-major. */
  readonly overlaps: Float64Array;
}

/** Truth and a tracker's output, frame by frame, ready to be measured. */
export interface Comparison {
  readonly frames: readonly FramePair[];
  readonly truthIds: number;
  readonly foundIds: number;
}

/** What a tracker finds where people stand is not held against it: on vehicles 7, standing still 2, drawn 8, mirrored 12. */
const distractors: readonly number[] = [2, 7, 8, 12];

/** Brings truth and a tracker's output together as TrackEval's MotChallenge2DBox does. */
export function compare(truth: readonly MotLine[], found: readonly MotLine[]): Comparison {
  const [truthByFrame, foundByFrame] = [byFrame(truth), byFrame(found)];
  const count = Math.max(truthByFrame.length, foundByFrame.length);
  const kept = Array.from({ length: count }, (_, index) => {
    const all = truthByFrame[index] ?? [];
    return {
      truth: all.filter((line) => line.score !== 0 && line.class === 1),
      found: withoutDistracted(all, foundByFrame[index] ?? []),
    };
  });
  const truthIds = numberIds(kept.flatMap((frame) => frame.truth));
  const foundIds = numberIds(kept.flatMap((frame) => frame.found));
  const frames = kept.map((frame) => ({
    truth: frame.truth.map(({ id, box }) => ({ id: truthIds.get(id) as number, box })),
    found: frame.found.map(({ id, box }) => ({ id: foundIds.get(id) as number, box })),
    overlaps: overlapsOf(frame.truth, frame.found),
  }));
  return { frames, truthIds: truthIds.size, foundIds: foundIds.size };
}

/** Of boxes in the best matching with all that is in the frame, counted or not, those on a distractor are dropped. */
function withoutDistracted(truth: readonly MotLine[], found: readonly MotLine[]): readonly MotLine[] {
  if (!truth.some((line) => distractors.includes(line.class))) return found;
  const pairs = matchBest(overlapsOf(truth, found), truth.length, found.length, 0.5);
  const dropped = new Set(pairs.filter(([row]) => distractors.includes(truth[row]?.class ?? 1)).map(([, column]) => column));
  return found.filter((_, index) => !dropped.has(index));
}

/** Rows and columns with the greatest sum of scores; scores below `scoreMin` count as 0, and such pairs are none. */
export function matchBest(
  scores: Float64Array,
  rows: number,
  columns: number,
  scoreMin: number,
): readonly (readonly [number, number])[] {
  const gains = scoreMin > 0 ? scores.map((score) => (score >= scoreMin - Number.EPSILON ? score : 0)) : scores;
  return assign({ rows, columns, gains, gainMin: Number.EPSILON });
}

/** Intersections over union of true boxes (rows) and found ones (columns), row-major. */
function overlapsOf(truth: readonly { readonly box: Box }[], found: readonly { readonly box: Box }[]): Float64Array {
  const overlaps = new Float64Array(truth.length * found.length);
  truth.forEach((a, row) => {
    found.forEach((b, column) => {
      overlaps[row * found.length + column] = boxOverlap(a.box, b.box);
    });
  });
  return overlaps;
}

function numberIds(lines: readonly MotLine[]): Map<number, number> {
  const ids = [...new Set(lines.map(({ id }) => id))].sort((a, b) => a - b);
  return new Map(ids.map((id, index) => [id, index]));
}
