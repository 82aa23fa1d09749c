// How long a lost thing may be waited for. Where the camera stands still, people come out from behind a lamp post where they are
// expected; where it moves, they are elsewhere after half a second, and who is found at the expected place is somebody else.
// So the tracker rehearses: it predicts things that it sees as if it did not, and looks how well they are met half a second later.

import { type Box, boxOverlap } from './box.js';
import { boxOf, keepSize, type Motion, predictMotion } from './motion.js';

/** What a track was known to do at a time, to be compared with what it did. */
export interface Rehearsal {
  readonly sinceS: number;
  readonly motion: Motion;
}

export interface Patience {
  /** For how many seconds a track is kept without being seen. */
  seconds(): number;
  /** Learns from a track that has been seen all the time since the rehearsal began; false if it is too early to tell. */
  learn(rehearsal: Rehearsal, box: Box, timeS: number): boolean;
}

/** Least and greatest patience, in seconds. */
const patienceS = { min: 0.3, max: 2 } as const;

/** How far ahead is rehearsed, in seconds. */
const horizonS = 0.5;

/** Mean overlap of blind predictions at which patience is least and greatest, and what is believed before the first. */
const overlaps = { low: 0.5, high: 0.6, start: 0.55 } as const;

/** Share of a new result in the mean. */
const learningShare = 0.05;

export function createPatience(): Patience {
  let mean: number = overlaps.start;
  return {
    seconds() {
      const trust = Math.min(1, Math.max(0, (mean - overlaps.low) / (overlaps.high - overlaps.low)));
      return patienceS.min + trust * (patienceS.max - patienceS.min);
    },
    learn({ sinceS, motion }, box, timeS) {
      const seconds = timeS - sinceS;
      // Times are sums of fractions: half a second may lack the last bit.
      if (seconds < horizonS - 1e-6) return false;
      const blind = boxOf(predictMotion(keepSize(motion), seconds));
      mean += (boxOverlap(blind, box) - mean) * learningShare;
      return true;
    },
  };
}
