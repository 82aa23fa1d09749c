// A track: what is known of one thing over time. Tracks are values; each step makes a new one, named field by field: in a crowd,
// spreading them was a fifth of the tracker's time.

import type { DetectedObject } from '../vision/boxes.js';
import { type Box, boxCenter } from './box.js';
import type { Point } from './geometry.js';
import { boxOf, correctMotion, keepSize, type Motion, predictMotion, startMotion } from './motion.js';
import type { Rehearsal } from './rehearsal.js';

/** A detection in a frame, and what its confidence is worth (see confidence.ts). */
export interface Sighting {
  readonly object: DetectedObject;
  readonly worth: number;
}

export interface Track {
  /** From 1; undefined until the track is confirmed: until then it may be noise, and nobody hears of it. */
  readonly id: number | undefined;
  /** What was seen last. */
  readonly object: DetectedObject;
  readonly firstFrame: number;
  readonly lastSeenS: number;
  /** Frames in which it was seen, and frames without it since then. */
  readonly sightings: number;
  readonly missed: number;
  /** Greatest worth of its sightings. */
  readonly worth: number;
  readonly motion: Motion;
  /** The box of `motion`. */
  readonly box: Box;
  /** Centres of the last sightings, oldest first. */
  readonly way: readonly Point[];
  readonly rehearsal: Rehearsal | undefined;
}

/** Sightings whose first and last tell the direction of a track. */
const wayMax = 6;

export function startTrack({ object, worth }: Sighting, frame: number, timeS: number): Track {
  return {
    id: undefined,
    object,
    firstFrame: frame,
    lastSeenS: timeS,
    sightings: 1,
    missed: 0,
    worth,
    motion: startMotion(object.box),
    box: object.box,
    way: [boxCenter(object.box)],
    rehearsal: undefined,
  };
}

/** The track where it should be `seconds` later. */
export function predictTrack(track: Track, seconds: number): Track {
  const motion = predictMotion(track.missed > 0 ? keepSize(track.motion) : track.motion, seconds);
  return {
    id: track.id,
    object: track.object,
    firstFrame: track.firstFrame,
    lastSeenS: track.lastSeenS,
    sightings: track.sightings,
    missed: track.missed,
    worth: track.worth,
    motion,
    box: boxOf(motion),
    way: track.way,
    rehearsal: track.rehearsal,
  };
}

export function sightTrack(track: Track, { object, worth }: Sighting, timeS: number): Track {
  const motion = correctMotion(track.motion, object.box, Math.max(0, 1 - worth));
  const way = track.way.length < wayMax ? track.way.slice() : track.way.slice(1);
  way.push(boxCenter(object.box));
  return {
    id: track.id,
    object,
    firstFrame: track.firstFrame,
    lastSeenS: timeS,
    sightings: track.sightings + 1,
    missed: 0,
    worth: Math.max(track.worth, worth),
    motion,
    box: boxOf(motion),
    way,
    rehearsal: track.rehearsal,
  };
}

export function missTrack(track: Track): Track {
  return { ...track, missed: track.missed + 1, rehearsal: undefined };
}
