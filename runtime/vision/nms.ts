// Greedy non-maximum suppression: of boxes of one class that overlap too much, the most confident stays.

import type { Candidate } from './heads/head.js';

export interface NmsLimits {
  /** Boxes of one class with an intersection over union above this are one thing. */
  readonly iou: number;
  /** How many boxes to keep. */
  readonly max: number;
}

/** Candidates beyond these are the least confident of a crowd that no picture has; they would only cost time. */
export const nmsCandidatesMax = 10_000;

/**
 * The boxes to keep, most confident first; of equals the earlier candidate comes first.
 * Costs a sort, and for each candidate a look at the kept boxes of its class.
 */
export function suppress(candidates: readonly Candidate[], { iou, max }: NmsLimits): Candidate[] {
  const sorted = [...candidates].sort((a, b) => b.score - a.score).slice(0, nmsCandidatesMax);
  const kept: Candidate[] = [];
  const keptByClass = new Map<number, Candidate[]>();
  for (const candidate of sorted) {
    if (kept.length >= max) break;
    const rivals = keptByClass.get(candidate.class);
    if (rivals === undefined) keptByClass.set(candidate.class, [candidate]);
    else if (rivals.some((rival) => overlap(rival, candidate) > iou)) continue;
    else rivals.push(candidate);
    kept.push(candidate);
  }
  return kept;
}

/** Intersection over union, 0 for boxes without area. */
export function overlap(a: Candidate, b: Candidate): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  if (!(width > 0 && height > 0)) return 0;
  const shared = width * height;
  return shared / ((a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - shared);
}
