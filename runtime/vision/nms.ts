// Greedy non-maximum suppression: of boxes of one class that overlap too much, the most confident stays.

import type { Candidate } from './heads/head.js';

export interface NmsLimits {
  /** Boxes of one class with an intersection over union above this are one thing. */
  readonly iou: number;
  /** How many boxes to keep. */
  readonly max: number;
  /** How many boxes of one class to keep. */
  readonly perClass?: number;
}

/** Candidates beyond these are the least confident of a crowd that no picture has; they would only cost time. */
export const nmsCandidatesMax = 10_000;

/**
 * The boxes to keep, most confident first; of equals the earlier candidate comes first.
 * Costs a sort, and for each candidate a look at the boxes kept before it: they lie in plain memory, since whoever asks for every
 * anchor (a confidence of 0) makes this the slowest loop of a detection.
 */
export function suppress(candidates: readonly Candidate[], { iou, max, perClass = max }: NmsLimits): Candidate[] {
  const order = byScore(candidates).subarray(0, nmsCandidatesMax);
  const keptMax = Math.min(Math.max(max, 0), order.length);
  const kept: Candidate[] = [];
  const boxes = new Float64Array(keptMax * 4);
  const classes = new Int32Array(keptMax);
  const counts = new Map<number, number>();
  for (const index of order) {
    if (kept.length >= keptMax) break;
    const candidate = candidates[index] as Candidate;
    const count = counts.get(candidate.class) ?? 0;
    if (count >= perClass) continue;
    if (isCovered(candidate, kept.length, boxes, classes, iou)) continue;
    boxes.set([candidate.x1, candidate.y1, candidate.x2, candidate.y2], kept.length * 4);
    classes[kept.length] = candidate.class;
    counts.set(candidate.class, count + 1);
    kept.push(candidate);
  }
  return kept;
}

/** Intersection over union of the box with corners ax1, ay1 and ax2, ay2 and that of b; 0 for boxes without area. */
export function overlap(
  ax1: number,
  ay1: number,
  ax2: number,
  ay2: number,
  bx1: number,
  by1: number,
  bx2: number,
  by2: number,
): number {
  const width = Math.min(ax2, bx2) - Math.max(ax1, bx1);
  const height = Math.min(ay2, by2) - Math.max(ay1, by1);
  if (!(width > 0 && height > 0)) return 0;
  const shared = width * height;
  return shared / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared);
}

/** Indices of the candidates, best first. */
function byScore(candidates: readonly Candidate[]): Uint32Array {
  const scores = Float64Array.from(candidates, ({ score }) => score);
  const order = Uint32Array.from(scores.keys());
  return order.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
}

function isCovered(candidate: Candidate, count: number, boxes: Float64Array, classes: Int32Array, iou: number): boolean {
  const { x1, y1, x2, y2, class: index } = candidate;
  for (let k = 0, at = 0; k < count; k++, at += 4) {
    if (classes[k] !== index) continue;
    const [left, top] = [boxes[at] as number, boxes[at + 1] as number];
    if (overlap(x1, y1, x2, y2, left, top, boxes[at + 2] as number, boxes[at + 3] as number) > iou) return true;
  }
  return false;
}
