// Zones and lines: where a box stands, and the events of its way.

import fc from 'fast-check';
import { isInside, leadsThrough, type Point, sideOf } from '../../runtime/track/geometry.js';
import type { Scene } from '../../runtime/track/scene.js';
import type { TrackedObject } from '../../runtime/track/tracker.js';
import { createWatcher, type TrackEvent } from '../../runtime/track/zones.js';

const picture = { width: 200, height: 100 };
const yard = {
  name: 'yard',
  points: [
    [0.25, 0.2],
    [0.75, 0.2],
    [0.75, 0.8],
    [0.25, 0.8],
  ],
} as const;
const door = { name: 'door', a: [0, 0.5], b: [1, 0.5] } as const;

/** A box of 10 x 20 pixels that stands at a point. */
function standing([x, y]: Point, { id = 1, label = 'person' } = {}): TrackedObject {
  return { id, label, class: 0, confidence: 0.9, box: [x - 5, y - 20, x + 5, y], firstFrame: 1 };
}

/** The events of one thing that stands at one point after the other, ten frames a second, and is then gone. */
function eventsOf(scene: Partial<Scene>, points: readonly Point[], label = 'person'): TrackEvent[] {
  const watcher = createWatcher({ zones: [], lines: [], ...scene });
  const track = { track: 1, label };
  const events = points.flatMap((point, index) => {
    const started = index === 0 ? [track] : [];
    const objects = [standing(point, { label })];
    return watcher.update({ frame: index + 1, timeS: index / 10, objects, started, ended: [] }, picture).events;
  });
  const last = { frame: points.length + 1, timeS: points.length / 10, objects: [], started: [], ended: [track] };
  return [...events, ...watcher.update(last, picture).events];
}

/** Without what comes and goes with every track. */
function between(events: readonly TrackEvent[]): TrackEvent[] {
  return events.filter(({ event }) => event !== 'new' && event !== 'end');
}

test('a thing is new once and ends once', () => {
  expect(
    eventsOf({}, [
      [1, 50],
      [2, 50],
    ]),
  ).toEqual([
    { event: 'new', frame: 1, track: 1, label: 'person' },
    { event: 'end', frame: 3, track: 1, label: 'person' },
  ]);
});

test('a thing enters a zone with the bottom centre of its box and leaves it after its time there', () => {
  expect(
    between(
      eventsOf({ zones: [yard] }, [
        [40, 50],
        [60, 50],
        [100, 50],
        [140, 50],
        [160, 50],
      ]),
    ),
  ).toEqual([
    { event: 'enter', frame: 2, track: 1, label: 'person', zone: 'yard', counts: { inside: 1, entered: 1 } },
    {
      event: 'leave',
      frame: 5,
      track: 1,
      label: 'person',
      zone: 'yard',
      dwellS: expect.closeTo(0.3),
      counts: { inside: 0, entered: 1 },
    },
  ]);
  // Its head is in the zone, its feet are below.
  expect(between(eventsOf({ zones: [yard] }, [[100, 85]]))).toEqual([]);
});

test('a thing that ends in a zone leaves it', () => {
  const kinds = eventsOf({ zones: [yard] }, [[100, 50]]).map(({ event }) => event);
  expect(kinds).toEqual(['new', 'enter', 'leave', 'end']);
});

test('objects name their zones, and zones may overlap', () => {
  const watcher = createWatcher({ zones: [yard, { ...yard, name: 'all' }], lines: [] });
  const objects = [standing([100, 50]), standing([10, 50], { id: 2 })];
  const result = watcher.update({ frame: 1, timeS: 0, objects, started: [], ended: [] }, picture);
  expect(result.objects.map(({ zones }) => zones)).toEqual([['yard', 'all'], []]);
});

test('a thing that trembles on the edge of a zone or on a line makes no noise', () => {
  const tremble: Point[] = Array.from({ length: 20 }, (_, index) => [51 - (index % 2) * 1.5, 50 + (index % 2)]);
  expect(between(eventsOf({ zones: [yard] }, tremble)).map(({ event, frame }) => [event, frame])).toEqual([
    ['enter', 1],
    ['leave', 21],
  ]);
  expect(between(eventsOf({ lines: [door] }, tremble))).toEqual([]);
});

test('with a dwell time a thing counts as inside once it has stayed for it', () => {
  const waits = [{ ...yard, dwellS: 0.25 }];
  expect(
    between(
      eventsOf({ zones: waits }, [
        [60, 50],
        [70, 50],
        [80, 50],
        [90, 50],
      ]),
    ).map(({ event, frame }) => [event, frame]),
  ).toEqual([
    ['enter', 4],
    ['leave', 5],
  ]);
  expect(
    between(
      eventsOf({ zones: waits }, [
        [60, 50],
        [70, 50],
        [160, 50],
        [160, 50],
        [160, 50],
      ]),
    ),
  ).toEqual([]);
});

test('a line is crossed from the left hand of who looks from a to b to the right, or back', () => {
  expect(
    between(
      eventsOf({ lines: [door] }, [
        [20, 40],
        [20, 60],
        [20, 40],
        [20, 70],
      ]),
    ),
  ).toEqual([
    { event: 'cross', frame: 2, track: 1, label: 'person', line: 'door', direction: 'a>b', counts: { 'a>b': 1, 'b>a': 0 } },
    { event: 'cross', frame: 3, track: 1, label: 'person', line: 'door', direction: 'b>a', counts: { 'a>b': 1, 'b>a': 1 } },
    { event: 'cross', frame: 4, track: 1, label: 'person', line: 'door', direction: 'a>b', counts: { 'a>b': 2, 'b>a': 1 } },
  ]);
});

test('a way around the end of a line does not cross it', () => {
  const short = { ...door, b: [0.5, 0.5] as const };
  expect(
    between(
      eventsOf({ lines: [short] }, [
        [60, 40],
        [130, 45],
        [130, 60],
        [60, 70],
      ]),
    ),
  ).toEqual([]);
});

test('a thing that rests on a line crosses it once it has gone on, and not if it goes back', () => {
  const rests: Point[] = [
    [20, 40],
    [20, 50],
    [20, 50.5],
    [20, 49.8],
  ];
  expect(between(eventsOf({ lines: [door] }, [...rests, [20, 60]])).map(({ frame }) => frame)).toEqual([5]);
  expect(between(eventsOf({ lines: [door] }, [...rests, [20, 40]]))).toEqual([]);
});

test('zones and lines with labels see only those', () => {
  const labels = ['car'];
  const scene = { zones: [{ ...yard, labels }], lines: [{ ...door, labels }] };
  expect(
    between(
      eventsOf(scene, [
        [100, 40],
        [100, 60],
      ]),
    ),
  ).toEqual([]);
  expect(
    between(
      eventsOf(
        scene,
        [
          [100, 40],
          [100, 60],
        ],
        'car',
      ),
    ),
  ).toHaveLength(3);
});

test.each([
  [
    'a zone of two points',
    {
      zones: [
        {
          name: 'z',
          points: [
            [0, 0],
            [1, 1],
          ],
        },
      ],
    },
    /points of zone "z": 3 to 64 are allowed, got 2/,
  ],
  [
    'a point outside',
    {
      zones: [
        {
          name: 'z',
          points: [
            [0, 0],
            [1, 1],
            [0, 1.5],
          ],
        },
      ],
    },
    /from 0 to 1, got \[0,1.5\]/,
  ],
  ['a point that is no number', { lines: [{ name: 'l', a: [0, Number.NaN], b: [1, 1] }] }, /line "l" wants points/],
  ['a line without length', { lines: [{ name: 'l', a: [0.5, 0], b: [0.5, 0] }] }, /ends where it begins/],
  ['two zones of a name', { zones: [yard, yard] }, /two zones with the name "yard"/],
  ['a zone without a name', { zones: [{ ...yard, name: '' }] }, /1 to 64 characters/],
  ['a dwell time below 0', { zones: [{ ...yard, dwellS: -1 }] }, /from 0 to 86400 seconds, got -1/],
  [
    'too many lines',
    { lines: Array.from({ length: 65 }, (_, i) => ({ ...door, name: `${i}` })) },
    /lines: 0 to 64 are allowed, got 65/,
  ],
])('%s is refused', (_, scene, message) => {
  expect(() => createWatcher({ zones: [], lines: [], ...(scene as Partial<Scene>) })).toThrow(message);
});

const coordinate = fc.integer({ min: -50, max: 50 });
const points: fc.Arbitrary<Point> = fc.tuple(coordinate, coordinate);

test('a point is inside a rectangle if it is between its sides', () => {
  fc.assert(
    fc.property(points, points, points, ([x1, y1], [x2, y2], [px, py]) => {
      const [left, right, top, bottom] = [Math.min(x1, x2), Math.max(x1, x2), Math.min(y1, y2), Math.max(y1, y2)];
      // Off the grid, so that no point is on an edge.
      const point: Point = [px + 0.5, py + 0.5];
      const want = point[0] > left && point[0] < right && point[1] > top && point[1] < bottom;
      expect(
        isInside(
          [
            [left, top],
            [right, top],
            [right, bottom],
            [left, bottom],
          ],
          point,
        ),
      ).toBe(want);
    }),
  );
});

test('a way leads through a line exactly if the line leads through it', () => {
  fc.assert(
    fc.property(points, points, points, points, (a, b, from, to) => {
      const [line, way] = [
        { a, b },
        { a: from, b: to },
      ];
      const sides = [sideOf(line, from), sideOf(line, to), sideOf(way, a), sideOf(way, b)] as const;
      fc.pre(sides.every((side) => Math.abs(side) > 1e-9) && sides[0] > 0 !== sides[1] > 0);
      expect(leadsThrough(line, way)).toBe(sides[2] > 0 !== sides[3] > 0);
    }),
  );
});

/** Ways of five things through a scene, each of which may be gone at any time. */
const ways = fc.array(fc.array(fc.option(fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 100 })))), {
  maxLength: 5,
});

test('what enters leaves, what is new ends, and the counts are the sums of the events', () => {
  fc.assert(
    fc.property(ways, (things) => {
      const watcher = createWatcher({ zones: [yard], lines: [door] });
      const last = Math.max(0, ...things.map((way) => way.length));
      const all = Array.from({ length: last + 1 }, (_, index) => {
        const objects = things.flatMap((way, id) => (way[index] == null ? [] : [standing(way[index] as Point, { id })]));
        const begins = (way: readonly unknown[]) => index === 0 && way.length > 0;
        const ends = (way: readonly unknown[]) => index === way.length && way.length > 0;
        const names = (is: (way: readonly unknown[]) => boolean) =>
          things.flatMap((way, id) => (is(way) ? [{ track: id, label: 'person' }] : []));
        return watcher.update({ frame: index, timeS: index, objects, started: names(begins), ended: names(ends) }, picture)
          .events;
      }).flat();
      const count = (kind: string) => all.filter(({ event }) => event === kind).length;
      expect(count('new')).toBe(count('end'));
      expect(count('enter')).toBe(count('leave'));
      const crossings = all.filter((event) => event.event === 'cross');
      const counted = crossings.at(-1)?.counts ?? { 'a>b': 0, 'b>a': 0 };
      expect(counted['a>b'] + counted['b>a']).toBe(crossings.length);
      const visits = all.filter((event) => event.event === 'enter' || event.event === 'leave');
      expect(visits.at(-1)?.counts ?? { inside: 0, entered: 0 }).toEqual({ inside: 0, entered: count('enter') });
    }),
  );
});
