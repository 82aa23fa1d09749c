// What a confidence is worth. Detectors speak on different scales: a good box has 0.98 from one and 0.6 from another. So that the
// same thresholds serve both, confidences are taken in proportion to the level that is usual in the stream for their class.

import type { DetectedObject } from '../vision/boxes.js';

/** How many of the last detections make the level. */
const memory = 50;

export interface ConfidenceScale {
  /** Learns from the detections of a frame. */
  learn(objects: readonly DetectedObject[]): void;
  /** The confidence of an object in proportion to the level of its class: about 1 for what is clearly seen, 0 for nothing. */
  worthOf(object: DetectedObject): number;
}

interface Level {
  readonly value: number;
  /** Detections behind it, at most `memory`. */
  readonly weight: number;
}

/**
 * The level of a class is the mean of its confidences weighted by themselves, so that the many faint boxes of a low threshold do
 * not pull it down. It is known from the first frame on, and follows the last 50 or so detections.
 */
export function createConfidenceScale(): ConfidenceScale {
  const levels = new Map<number, Level>();
  return {
    learn(objects) {
      const sums = new Map<number, { count: number; sum: number; squares: number }>();
      for (const { class: kind, confidence } of objects) {
        const { count, sum, squares } = sums.get(kind) ?? { count: 0, sum: 0, squares: 0 };
        sums.set(kind, { count: count + 1, sum: sum + confidence, squares: squares + confidence * confidence });
      }
      for (const [kind, { count, sum, squares }] of sums) {
        if (sum === 0) continue;
        const { value, weight } = levels.get(kind) ?? { value: 0, weight: 0 };
        const total = Math.min(weight + count, memory);
        levels.set(kind, { value: value + (squares / sum - value) * Math.min(1, count / total), weight: total });
      }
    },
    worthOf({ class: kind, confidence }) {
      const level = levels.get(kind);
      return level === undefined ? 0 : confidence / level.value;
    },
  };
}
