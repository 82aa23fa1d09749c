// Events of a stream: who comes and goes, is in which zone, and crosses which line in which direction. A box trembles by some
// percent of its height, so that whoever leaves a zone or crosses a line does so by a margin, and a thing on an edge makes no noise.

import { distanceToEdge, isInside, leadsThrough, type Point, type Segment, sideOf } from './geometry.js';
import { checkScene, type Line, type Scene, type Zone } from './scene.js';
import type { TrackedObject, TrackUpdate } from './tracker.js';

/** Things that are in a zone now, and all that have entered it since the stream began. */
export interface ZoneCounts {
  readonly inside: number;
  readonly entered: number;
}

/** Crossings since the stream began. */
export type LineCounts = Readonly<Record<Direction, number>>;

/** From the left hand of who looks from a to b to the right hand, or back. */
export type Direction = 'a>b' | 'b>a';

interface EventFacts {
  readonly frame: number;
  readonly track: number;
  readonly label: string;
}

export type TrackEvent = EventFacts &
  (
    | { readonly event: 'new' | 'end' }
    | { readonly event: 'enter'; readonly zone: string; readonly counts: ZoneCounts }
    /** `dwellS`: seconds since it came into the zone. */
    | { readonly event: 'leave'; readonly zone: string; readonly dwellS: number; readonly counts: ZoneCounts }
    | { readonly event: 'cross'; readonly line: string; readonly direction: Direction; readonly counts: LineCounts }
  );

export interface WatchedObject extends TrackedObject {
  /** Names of the zones that it is in. */
  readonly zones: readonly string[];
}

export interface WatchResult {
  readonly objects: readonly WatchedObject[];
  /** In the order new, enter, leave and cross, end; of equals in the order of the objects and of the scene. */
  readonly events: readonly TrackEvent[];
}

export interface Watcher {
  /** @param picture size in pixels of the picture that the boxes of `update` are in */
  update(update: TrackUpdate, picture: { readonly width: number; readonly height: number }): WatchResult;
}

/** Share of a box's height by which its bottom centre must be beyond an edge. */
const marginShare = 0.05;

/**
 * Watches a scene. One watcher belongs to one tracker and is told all its updates in their order.
 * @throws OnboxError `scene-bad`
 */
export function createWatcher(scene: Scene): Watcher {
  checkScene(scene);
  const zones = scene.zones.map((zone) => new ZoneWatch(zone));
  const lines = scene.lines.map((line) => new LineWatch(line));
  return {
    update(update, picture) {
      const { frame, timeS } = update;
      const scale = ([x, y]: Point): Point => [x * picture.width, y * picture.height];
      const events: TrackEvent[] = update.started.map((track) => ({ event: 'new', frame, ...track }));
      for (const watch of zones) watch.place(scale);
      for (const watch of lines) watch.place(scale);
      const objects = update.objects.map((object) => {
        const foot = footOf(object, frame, timeS);
        for (const watch of [...zones, ...lines]) events.push(...watch.step(foot));
        return { ...object, zones: zones.filter((watch) => watch.has(object.id)).map(({ name }) => name) };
      });
      for (const track of update.ended) {
        for (const watch of zones) events.push(...watch.end({ frame, ...track }, timeS));
        for (const watch of lines) watch.end(track.track);
        events.push({ event: 'end', frame, ...track });
      }
      return { objects, events };
    },
  };
}

/** Where a thing stands. */
interface Foot extends EventFacts {
  readonly timeS: number;
  /** In pixels. */
  readonly point: Point;
  readonly margin: number;
}

function footOf({ id, label, box: [left, top, right, bottom] }: TrackedObject, frame: number, timeS: number): Foot {
  return { frame, track: id, label, timeS, point: [(left + right) / 2, bottom], margin: marginShare * (bottom - top) };
}

/** Moves a point from 0..1 to pixels. */
type Scale = (point: Point) => Point;

class ZoneWatch {
  readonly name: string;
  readonly #zone: Zone;
  #polygon: readonly Point[] = [];
  /** Since when in seconds a track has been in the polygon, and whether it has been long enough to count. */
  readonly #visits = new Map<number, { readonly sinceS: number; counted: boolean }>();
  #counts: ZoneCounts = { inside: 0, entered: 0 };

  constructor(zone: Zone) {
    this.name = zone.name;
    this.#zone = zone;
  }

  place(scale: Scale): void {
    this.#polygon = this.#zone.points.map(scale);
  }

  has(track: number): boolean {
    return this.#visits.get(track)?.counted ?? false;
  }

  step({ timeS, point, margin, ...facts }: Foot): TrackEvent[] {
    if (this.#zone.labels?.includes(facts.label) === false) return [];
    const isIn = isInside(this.#polygon, point);
    const visit = this.#visits.get(facts.track);
    if (visit === undefined) {
      if (!isIn) return [];
      this.#visits.set(facts.track, { sinceS: timeS, counted: false });
      return this.#count(facts, timeS);
    }
    if (isIn || distanceToEdge(this.#polygon, point) <= margin) return this.#count(facts, timeS);
    return this.end(facts, timeS);
  }

  /** The event of a visit that has just become long enough. */
  #count(facts: EventFacts, timeS: number): TrackEvent[] {
    const visit = this.#visits.get(facts.track);
    if (visit === undefined || visit.counted || timeS - visit.sinceS < (this.#zone.dwellS ?? 0)) return [];
    visit.counted = true;
    this.#counts = { inside: this.#counts.inside + 1, entered: this.#counts.entered + 1 };
    return [{ event: 'enter', ...facts, zone: this.name, counts: this.#counts }];
  }

  /** Ends the visit of a track, if there is one. */
  end(facts: EventFacts, timeS: number): TrackEvent[] {
    const visit = this.#visits.get(facts.track);
    this.#visits.delete(facts.track);
    if (visit === undefined || !visit.counted) return [];
    this.#counts = { ...this.#counts, inside: this.#counts.inside - 1 };
    return [{ event: 'leave', ...facts, zone: this.name, dwellS: timeS - visit.sinceS, counts: this.#counts }];
  }
}

class LineWatch {
  readonly #line: Line;
  #segment: Segment;
  /** Where each track was last seen at a margin from the line: on which side it is, and where its way comes from. */
  readonly #places = new Map<number, Point>();
  #counts: LineCounts = { 'a>b': 0, 'b>a': 0 };

  constructor(line: Line) {
    this.#line = line;
    this.#segment = line;
  }

  place(scale: Scale): void {
    this.#segment = { a: scale(this.#line.a), b: scale(this.#line.b) };
  }

  step({ timeS: _, point, margin, ...facts }: Foot): TrackEvent[] {
    if (this.#line.labels?.includes(facts.label) === false) return [];
    const side = sideOf(this.#segment, point);
    if (Math.abs(side) <= margin) return [];
    const before = this.#places.get(facts.track);
    this.#places.set(facts.track, point);
    if (before === undefined || sideOf(this.#segment, before) > 0 === side > 0) return [];
    if (!leadsThrough(this.#segment, { a: before, b: point })) return [];
    const direction = side > 0 ? 'a>b' : 'b>a';
    this.#counts = { ...this.#counts, [direction]: this.#counts[direction] + 1 };
    return [{ event: 'cross', ...facts, line: this.#line.name, direction, counts: this.#counts }];
  }

  end(track: number): void {
    this.#places.delete(track);
  }
}
