// Tracking by detection, after ByteTrack (Zhang and others 2022): confident detections are matched first, and faint ones continue
// tracks that would be lost, since what is half hidden is still there. Deterministic: same frames, same ids.

import { OnboxError } from '../core/error.js';
import type { DetectedObject } from '../vision/boxes.js';
import { affinitiesOf } from './affinity.js';
import { assign } from './assign.js';
import { createConfidenceScale } from './confidence.js';
import { createPatience, type Patience } from './rehearsal.js';
import { isUsable, strongest } from './sane.js';
import { missTrack, predictTrack, type Sighting, sightTrack, startTrack, type Track } from './track.js';

/** A detected thing with the identity of its track. Its box is the filtered one, which trembles less and may reach out of the picture. */
export interface TrackedObject extends DetectedObject {
  /** From 1, in the order in which things are confirmed. Never used again. */
  readonly id: number;
  /** Frame in which it was seen first. */
  readonly firstFrame: number;
}

export interface TrackName {
  readonly track: number;
  readonly label: string;
}

export interface TrackUpdate {
  readonly frame: number;
  readonly timeS: number;
  /** Confirmed tracks that are seen in this frame, by ascending id. */
  readonly objects: readonly TrackedObject[];
  /** Tracks that are confirmed in this frame, and those that are given up; each once. */
  readonly started: readonly TrackName[];
  readonly ended: readonly TrackName[];
}

export interface Tracker {
  /**
   * Takes the objects of the next frame. Objects with numbers that make no box are left out (see sane.ts).
   * @param frame number of the frame, above the last one's; frames may be left out
   * @param timeS when it was taken, in seconds, later than the last one
   * @throws OnboxError `track-time` if frame or time are not numbers or do not increase; nothing has changed then
   */
  update(objects: readonly DetectedObject[], frame: number, timeS: number): TrackUpdate;
}

/** Worth of detections (see confidence.ts): from `low` they continue tracks, from `high` they start them, from `strong` soon. */
const worths = { low: 0.2, high: 0.7, strong: 0.9 } as const;

/** Least affinity for a match of tracks with confident detections, of tracks with faint ones, and of tracks to be confirmed. */
const affinities = { confident: 0.2, faint: 0.5, unconfirmed: 0.3 } as const;

/** Sightings in a row that confirm a track: with a strong one among them, and without. In the first frame a strong one is enough. */
const sightingsMin = { strong: 2, weak: 5 } as const;

/** Sightings before a track takes part in a rehearsal. */
const rehearsalSightings = 5;

/** However slow the camera is, one frame without a thing does not end it. */
const missedMin = 1;

/** After a longer pause nobody can tell who is who. In seconds. */
const pauseMaxS = 5;

/** Tracks that are kept; those not seen for longest go first. */
const tracksMax = 1000;

export function createTracker(): Tracker {
  const scale = createConfidenceScale();
  const patience = createPatience();
  let tracks: readonly Track[] = [];
  let last: { readonly frame: number; readonly timeS: number } | undefined;
  let ids = 0;
  return {
    update(objects, frame, timeS) {
      checkTime(frame, timeS, last);
      const elapsedS = last === undefined ? 0 : timeS - last.timeS;
      const usable = strongest(objects.filter(isUsable));
      scale.learn(usable);
      const sightings = usable.map((object) => ({ object, worth: scale.worthOf(object) }));
      const isFirst = last === undefined;
      last = { frame, timeS };
      const known = elapsedS > pauseMaxS ? [] : tracks.map((track) => predictTrack(track, elapsedS));
      const { pairs, unmatched } = match(known, sightings);
      const stepped = known.map((track, index) => step(track, pairs.get(index), timeS, patience));
      const fresh = unmatched.filter(({ worth }) => worth >= worths.high).map((sighting) => startTrack(sighting, frame, timeS));
      const waitS = patience.seconds();
      const kept = newest([...stepped, ...fresh].filter((track) => isAlive(track, timeS, waitS)));
      const previous = tracks;
      tracks = kept.map((track) => (isDue(track, isFirst) ? { ...track, id: ++ids } : track));
      return { frame, timeS, ...report(previous, tracks) };
    },
  };
}

function checkTime(frame: number, timeS: number, last: { readonly frame: number; readonly timeS: number } | undefined): void {
  const before = last ?? { frame: Number.NEGATIVE_INFINITY, timeS: Number.NEGATIVE_INFINITY };
  if (Number.isFinite(frame) && Number.isFinite(timeS) && frame > before.frame && timeS > before.timeS) return;
  const after = last === undefined ? 'before any other' : `after frame ${last.frame} at ${last.timeS} s`;
  throw new OnboxError(`frame and time must increase, got frame ${frame} at ${timeS} s ${after}`, { code: 'track-time' });
}

interface Matches {
  /** Index of a track to its sighting. */
  readonly pairs: ReadonlyMap<number, Sighting>;
  /** Sightings of no track, in their order. */
  readonly unmatched: readonly Sighting[];
}

/** Matches in three rounds; what is matched in one takes no part in the next. */
function match(tracks: readonly Track[], sightings: readonly Sighting[]): Matches {
  const pairs = new Map<number, Sighting>();
  const free = new Set(sightings);
  const round = (mayTrack: (track: Track) => boolean, maySee: (sighting: Sighting) => boolean, gainMin: number) => {
    const rows = [...tracks.keys()].filter((index) => !pairs.has(index) && mayTrack(tracks[index] as Track));
    const columns = [...free].filter(maySee);
    const candidates = rows.map((index) => tracks[index] as Track);
    const gains = affinitiesOf(candidates, columns);
    for (const [row, column] of assign({ rows: rows.length, columns: columns.length, gains, gainMin })) {
      const sighting = columns[column] as Sighting;
      pairs.set(rows[row] as number, sighting);
      free.delete(sighting);
    }
  };
  const isConfident = ({ worth }: Sighting) => worth >= worths.high;
  const isFaint = ({ worth }: Sighting) => worth >= worths.low && worth < worths.high;
  round(isConfirmed, isConfident, affinities.confident);
  round((track) => isConfirmed(track) && track.missed === 0, isFaint, affinities.faint);
  round((track) => !isConfirmed(track), isConfident, affinities.unconfirmed);
  return { pairs, unmatched: [...free] };
}

function isConfirmed({ id }: Track): boolean {
  return id !== undefined;
}

/** The track after its sighting or without one. Seen all the time, it is rehearsed. */
function step(track: Track, sighting: Sighting | undefined, timeS: number, patience: Patience): Track {
  if (sighting === undefined) return missTrack(track);
  const seen = sightTrack(track, sighting, timeS);
  const { rehearsal, motion } = seen;
  const isRunning = rehearsal !== undefined && !patience.learn(rehearsal, sighting.object.box, timeS);
  if (isRunning || seen.sightings < rehearsalSightings) return seen;
  return { ...seen, rehearsal: { sinceS: timeS, motion } };
}

/** Unconfirmed tracks must be seen in every frame. */
function isAlive(track: Track, timeS: number, waitS: number): boolean {
  if (track.missed === 0) return true;
  if (!isConfirmed(track)) return false;
  return track.missed <= missedMin || timeS - track.lastSeenS <= waitS;
}

/** The tracks that were seen last, in their order. */
function newest(tracks: readonly Track[]): readonly Track[] {
  if (tracks.length <= tracksMax) return tracks;
  const kept = new Set([...tracks].sort((a, b) => b.lastSeenS - a.lastSeenS).slice(0, tracksMax));
  return tracks.filter((track) => kept.has(track));
}

/** Whether it is time to confirm a track. */
function isDue(track: Track, isFirst: boolean): boolean {
  if (isConfirmed(track)) return false;
  const isStrong = track.worth >= worths.strong;
  return track.sightings >= (isStrong ? sightingsMin.strong : sightingsMin.weak) || (isStrong && isFirst);
}

/** What the caller hears: unconfirmed tracks are left out. */
function report(before: readonly Track[], after: readonly Track[]): Pick<TrackUpdate, 'objects' | 'started' | 'ended'> {
  const confirmed = after.filter(isConfirmed).sort((a, b) => (a.id as number) - (b.id as number));
  const idsBefore = new Set(before.map(({ id }) => id));
  const idsAfter = new Set(after.map(({ id }) => id));
  return {
    objects: confirmed.filter(({ missed }) => missed === 0).map(toObject),
    started: confirmed.filter(({ id }) => !idsBefore.has(id)).map(toName),
    ended: before.filter((track) => isConfirmed(track) && !idsAfter.has(track.id)).map(toName),
  };
}

function toName({ id, object }: Track): TrackName {
  return { track: id as number, label: object.label };
}

function toObject({ id, object, box, firstFrame }: Track): TrackedObject {
  const { label, class: kind, confidence, landmarks } = object;
  const tracked = { label, class: kind, confidence, box, id: id as number, firstFrame };
  return landmarks === undefined ? tracked : { ...tracked, landmarks };
}
