// Follows things from frame to frame and says what they do, in the words of the wire: snake case, units in names, hundredths of a pixel.

import {
  createTracker,
  createWatcher,
  type DetectedObject,
  type Scene,
  type TrackEvent,
  type Tracker,
  type Watcher,
} from '../../runtime/index.js';
import type { FollowedEvent, FollowedObject } from '../api/types.js';

export interface Followed {
  readonly objects: readonly FollowedObject[];
  readonly events: readonly FollowedEvent[];
}

export class Follower {
  private readonly tracker: Tracker = createTracker();
  private watcher: Watcher;

  /** @throws OnboxError `scene-bad` */
  constructor(scene: Scene) {
    this.watcher = createWatcher(scene);
  }

  /** Other zones and lines from here on; their counts begin anew, the tracks go on. @throws OnboxError `scene-bad` */
  watch(scene: Scene): void {
    this.watcher = createWatcher(scene);
  }

  /**
   * @param frame above the last one's; frames may be left out
   * @param timeUs when it was taken, in microseconds, later than the last one
   * @param picture size in pixels
   * @throws OnboxError `track-time`
   */
  follow(
    objects: readonly DetectedObject[],
    frame: number,
    timeUs: number,
    picture: { readonly width: number; readonly height: number },
  ): Followed {
    const watched = this.watcher.update(this.tracker.update(objects, frame, timeUs / 1e6), picture);
    const shown = watched.objects.map(({ id, label, class: kind, confidence, box, zones, firstFrame, landmarks }) => ({
      id,
      label,
      class: kind,
      confidence,
      box: box.map((value) => round(value, 100)),
      ...(landmarks === undefined ? {} : { landmarks }),
      zones,
      first_frame: firstFrame,
    }));
    return { objects: shown, events: watched.events.map(eventOf) };
  }
}

function eventOf(event: TrackEvent): FollowedEvent {
  if (event.event !== 'leave') return event;
  const { dwellS, ...facts } = event;
  return { ...facts, dwell_s: round(dwellS, 1000) };
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
