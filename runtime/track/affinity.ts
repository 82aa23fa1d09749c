// How well a detection continues a track: the overlap with where the track should be, and whether that lies on its way.

import { overlap } from '../vision/nms.js';
import { type Box, boxCenter, growBox } from './box.js';
import type { Sighting, Track } from './track.js';

/** Both boxes are grown by this share, so that small and fast things overlap at all (C-BIoU, Yang and others 2023). */
const growShare = 0.1;

/** What going on in the same direction is worth (observation-centric momentum, OC-SORT, Cao and others 2023). */
const directionWeight = 0.1;

/** Shorter ways have no direction but that of trembling boxes. In heights of the box. */
const wayMin = 0.1;

/**
 * Affinities of tracks (rows) and detections (columns), row-major: 0 for things that do not overlap or are of different classes,
 * about 1 for a perfect continuation.
 */
export function affinitiesOf(tracks: readonly Track[], sightings: readonly Sighting[]): Float64Array {
  const affinities = new Float64Array(tracks.length * sightings.length);
  const boxes = new Float64Array(sightings.length * 4);
  sightings.forEach(({ object }, index) => {
    boxes.set(growBox(object.box, growShare), index * 4);
  });
  tracks.forEach((track, row) => {
    const [left, top, right, bottom] = growBox(track.box, growShare);
    for (let column = 0, at = 0; column < sightings.length; column++, at += 4) {
      const otherLeft = boxes[at] as number;
      const otherRight = boxes[at + 2] as number;
      // Most pairs of a crowd are far from each other.
      if (otherLeft >= right || otherRight <= left) continue;
      const otherTop = boxes[at + 1] as number;
      const otherBottom = boxes[at + 3] as number;
      if (otherTop >= bottom || otherBottom <= top) continue;
      const { object } = sightings[column] as Sighting;
      if (track.object.class !== object.class) continue;
      const shared = overlap(left, top, right, bottom, otherLeft, otherTop, otherRight, otherBottom);
      if (shared > 0) affinities[row * sightings.length + column] = shared + directionWeight * agreementOf(track, object.box);
    }
  });
  return affinities;
}

/** Cosine between the way of a track and the step to a box; 0 where either is too short to tell. */
function agreementOf({ way, box }: Track, next: Box): number {
  const [first, last] = [way[0], way.at(-1)];
  if (first === undefined || last === undefined) return 0;
  const to = boxCenter(next);
  const wayX = last[0] - first[0];
  const wayY = last[1] - first[1];
  const stepX = to[0] - last[0];
  const stepY = to[1] - last[1];
  // Math.hypot guards against overflow, which no picture has, and is several times slower.
  const wayLength = Math.sqrt(wayX * wayX + wayY * wayY);
  const stepLength = Math.sqrt(stepX * stepX + stepY * stepY);
  if (Math.min(wayLength, stepLength) < wayMin * (box[3] - box[1])) return 0;
  return (wayX * stepX + wayY * stepY) / (wayLength * stepLength);
}
