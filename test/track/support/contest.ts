// The tracker and SORT on the same detections of a sequence, both scored.

import { readFileSync } from 'node:fs';
import { follow } from './follow.js';
import { measure, type Scores } from './metrics.js';
import { compare, type MotLine, readMot } from './mot.js';
import { runSort } from './sort.js';

export interface Contest {
  readonly ours: Scores;
  readonly sort: Scores;
}

/** The frame rate in a sequence's seqinfo.ini. */
export function framesPerSOf(folder: string): number {
  return Number(/frameRate=(\d+)/.exec(readFileSync(`${folder}/seqinfo.ini`, 'utf8'))?.[1]);
}

/** @param every of how many frames one is seen: 3 stands for a stream that drops two of three */
export function contest(folder: string, every = 1): Contest {
  const [truth, detections] = ['gt/gt.txt', 'det/det.txt'].map((file) => thin(readMot(`${folder}/${file}`), every)) as [
    MotLine[],
    MotLine[],
  ];
  return {
    ours: measure(compare(truth, follow(detections, framesPerSOf(folder) / every))),
    sort: measure(compare(truth, runSort(detections))),
  };
}

/** The frames 1, 1 + every, ..., counted anew. */
function thin(lines: readonly MotLine[], every: number): MotLine[] {
  const kept = lines.filter(({ frame }) => (frame - 1) % every === 0);
  return kept.map((line) => ({ ...line, frame: (line.frame - 1) / every + 1 }));
}

/** By how much our scores are above SORT's, on average over sequences. */
export function meanGains(contests: readonly Contest[]): Readonly<Record<'idf1' | 'mota' | 'hota', number>> {
  const mean = (score: 'idf1' | 'mota' | 'hota') =>
    contests.reduce((sum, { ours, sort }) => sum + ours[score] - sort[score], 0) / contests.length;
  return { idf1: mean('idf1'), mota: mean('mota'), hota: mean('hota') };
}
