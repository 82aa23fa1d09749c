// The tracker's promises, with people made of numbers: what keeps an id, what never gets one, and what no input can break.

import fc from 'fast-check';
import { createTracker, type TrackUpdate } from '../../runtime/track/tracker.js';
import type { DetectedObject } from '../../runtime/vision/boxes.js';

interface Looks {
  readonly confidence?: number;
  readonly kind?: number;
}

/** A person of 40 x 100 pixels whose centre is at x. */
function person(x: number, { confidence = 0.9, kind = 0 }: Looks = {}): DetectedObject {
  return { label: `class ${kind}`, class: kind, confidence, box: [x - 20, 100, x + 20, 200] };
}

/** What the tracker says to frames of detections. */
function track(frames: readonly (readonly DetectedObject[])[], framesPerS = 25): TrackUpdate[] {
  const tracker = createTracker();
  return frames.map((objects, index) => tracker.update(objects, index + 1, index / framesPerS));
}

/** Frames from 0 to `count` - 1. */
function film(count: number, shoot: (frame: number) => readonly DetectedObject[]): (readonly DetectedObject[])[] {
  return Array.from({ length: count }, (_, frame) => shoot(frame));
}

function idsOf(updates: readonly TrackUpdate[]): number[] {
  return [...new Set(updates.flatMap(({ objects }) => objects.map(({ id }) => id)))];
}

test('what is there from the start has an id at once, what comes later after two frames', () => {
  const updates = track(film(4, (frame) => (frame < 1 ? [person(100)] : [person(100), person(300)])));
  expect(updates.map(({ objects }) => objects.map(({ id, firstFrame }) => [id, firstFrame]))).toEqual([
    [[1, 1]],
    [[1, 1]],
    [
      [1, 1],
      [2, 2],
    ],
    [
      [1, 1],
      [2, 2],
    ],
  ]);
  expect(updates.map(({ started }) => started)).toEqual([
    [{ track: 1, label: 'class 0' }],
    [],
    [{ track: 2, label: 'class 0' }],
    [],
  ]);
});

test('what is seen in one frame alone is never heard of', () => {
  const updates = track(film(10, (frame) => (frame === 5 ? [person(100), person(400)] : [person(100)])));
  expect(idsOf(updates)).toEqual([1]);
});

test.each([30, 15, 7.5])('a walker at %d frames a second keeps the id behind a pillar of half a second', (framesPerS) => {
  const seconds = 4;
  const walk = film(seconds * framesPerS, (frame) => {
    const timeS = frame / framesPerS;
    return timeS > 2 && timeS < 2.5 ? [] : [person(100 + 80 * timeS)];
  });
  const updates = track(walk, framesPerS);
  expect(idsOf(updates)).toEqual([1]);
  expect(updates.at(-1)?.objects).toHaveLength(1);
});

test('two who pass each other keep their ids', () => {
  const updates = track(
    film(60, (frame) => [
      person(100 + 4 * frame),
      { ...person(340 - 4 * frame), box: [320 - 4 * frame, 110, 360 - 4 * frame, 215] },
    ]),
  );
  expect(updates.at(-1)?.objects.map(({ id, box }) => [id, Math.round((box[0] + box[2]) / 2)])).toEqual([
    [1, 336],
    [2, 104],
  ]);
});

test('faint detections continue a track and start none', () => {
  const updates = track(
    film(40, (frame) => [
      person(100 + frame, { confidence: frame > 10 && frame < 35 ? 0.3 : 0.9 }),
      person(400),
      person(600, { confidence: 0.3 }),
    ]),
  );
  expect(updates.every(({ objects }) => objects.length === 2)).toBe(true);
  expect(idsOf(updates)).toEqual([1, 2]);
});

test('the scale of the confidences makes no difference', () => {
  const frames = film(40, (frame) => [
    person(100 + frame, { confidence: 0.5 + 0.4 * Math.cos(frame) ** 2 }),
    person(400, { confidence: 0.7 }),
  ]);
  const halved = frames.map((objects) => objects.map((object) => ({ ...object, confidence: object.confidence / 4 })));
  const shapes = (updates: readonly TrackUpdate[]) =>
    updates.map(({ objects }) => objects.map(({ id, box }) => [id, ...box.map((value) => value.toFixed(6))]));
  expect(shapes(track(halved))).toEqual(shapes(track(frames)));
});

test('classes do not mix, even in one place', () => {
  const updates = track(film(20, (frame) => (frame < 10 ? [person(100)] : [person(100, { kind: 1 })])));
  expect(idsOf(updates)).toEqual([1, 2]);
  expect(updates.at(-1)?.objects).toMatchObject([{ id: 2, class: 1, label: 'class 1' }]);
});

test('a box is filtered: it trembles less than what is detected', () => {
  // Numbers without a pattern from -3 to 3.
  const tremble = (frame: number) => 6 * ((43758.5453 * Math.abs(Math.sin(frame * 12.9898))) % 1) - 3;
  const updates = track(film(100, (frame) => [person(100 + tremble(frame))]));
  const centers = updates.slice(10).map(({ objects }) => ((objects[0]?.box[0] ?? 0) + (objects[0]?.box[2] ?? 0)) / 2 - 100);
  const spread = (values: readonly number[]) =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  expect(spread(centers)).toBeLessThan(0.75 * spread(Array.from({ length: 90 }, (_, index) => tremble(index + 10))));
});

test('what is gone ends once, within two seconds', () => {
  const updates = track(film(100, (frame) => (frame < 30 ? [person(100)] : [])));
  const ends = updates.filter(({ ended }) => ended.length > 0);
  expect(ends.map(({ ended }) => ended)).toEqual([[{ track: 1, label: 'class 0' }]]);
  expect(ends[0]?.frame).toBeLessThanOrEqual(30 + 2 * 25 + 2);
});

test('where a camera moves by fits and starts, less is waited for than where it stands', () => {
  /** When the last of three is given up, in frames after they were seen last. */
  const patience = (shake: (frame: number) => number) => {
    const shot = film(300, (frame) => (frame < 200 ? [0, 1, 2].map((who) => person(200 + 150 * who + shake(frame))) : []));
    return (
      Math.max(
        ...track(shot)
          .filter(({ ended }) => ended.length > 0)
          .map(({ frame }) => frame),
      ) - 200
    );
  };
  expect(patience(() => 0)).toBeGreaterThan(45);
  // A swing of 120 pixels in 1.6 s, faster at times than half a person in half a second.
  expect(patience((frame) => 60 * Math.sin((2 * Math.PI * frame) / 40))).toBeLessThan(15);
});

test('after a pause of more than five seconds everybody is new', () => {
  const tracker = createTracker();
  tracker.update([person(100)], 1, 0);
  tracker.update([person(100)], 2, 0.04);
  expect(tracker.update([person(100)], 3, 5.1)).toMatchObject({ objects: [], ended: [{ track: 1 }] });
  expect(tracker.update([person(100)], 4, 5.14)).toMatchObject({ objects: [{ id: 2 }], ended: [] });
});

test('a frame or a time that does not increase is refused, and changes nothing', () => {
  const tracker = createTracker();
  tracker.update([person(100)], 5, 1);
  for (const [frame, timeS] of [
    [5, 2],
    [4, 2],
    [6, 1],
    [6, 0.5],
    [Number.NaN, 2],
    [6, Number.NaN],
    [6, Number.POSITIVE_INFINITY],
  ] as const) {
    expect(() => tracker.update([], frame, timeS)).toThrow(/must increase, got frame .* after frame 5 at 1 s/);
  }
  expect(tracker.update([person(101)], 6, 1.04).objects).toMatchObject([{ id: 1 }]);
});

test.each<[string, Partial<DetectedObject>]>([
  ['a corner that is no number', { box: [Number.NaN, 0, 10, 10] }],
  ['an infinite corner', { box: [0, 0, Number.POSITIVE_INFINITY, 10] }],
  ['a corner far from any picture', { box: [0, 0, 1e7, 10] }],
  ['no width', { box: [5, 0, 5, 10] }],
  ['corners in the wrong order', { box: [10, 0, 0, 10] }],
  ['a confidence that is no number', { confidence: Number.NaN }],
  ['a confidence below 0', { confidence: -0.5 }],
  ['an infinite confidence', { confidence: Number.POSITIVE_INFINITY }],
  ['a class that is no number', { class: Number.NaN }],
])('an object with %s is left out', (_, fault) => {
  const updates = track(film(5, (frame) => [person(300 + frame), { ...person(100), ...fault }]));
  expect(updates.map(({ objects }) => objects.map(({ id }) => id))).toEqual([[1], [1], [1], [1], [1]]);
});

const hostile = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -100, max: 1000, noNaN: true }) },
  { weight: 1, arbitrary: fc.double() },
);
const objects: fc.Arbitrary<DetectedObject> = fc
  .record({
    kind: fc.oneof({ weight: 9, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.double() }),
    confidence: fc.oneof(
      { weight: 9, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
      { weight: 1, arbitrary: fc.double() },
    ),
    left: hostile,
    top: hostile,
    width: fc.oneof(fc.constantFrom(0, 50, 100), hostile),
    height: fc.oneof(fc.constantFrom(0, 50, 100), hostile),
  })
  .map(({ kind, confidence, left, top, width, height }) => ({
    label: String(kind),
    class: kind,
    confidence,
    box: [left, top, left + width, top + height],
  }));
const films = fc.array(
  fc.record({
    objects: fc.array(objects, { maxLength: 8 }),
    waitS: fc.oneof(fc.constantFrom(0.04, 0.5), fc.double({ min: 1e-6, max: 100, noNaN: true })),
  }),
  { maxLength: 25 },
);

/** Everything the tracker says to a film. */
function play(shots: readonly { readonly objects: readonly DetectedObject[]; readonly waitS: number }[]): TrackUpdate[] {
  const tracker = createTracker();
  let timeS = 0;
  return shots.map((shot, index) => {
    timeS += shot.waitS;
    return tracker.update(shot.objects, index, timeS);
  });
}

test('whatever comes, ids are given in order and once, a track has one box in a frame, and it lives between its start and end', () => {
  fc.assert(
    fc.property(films, (shots) => {
      const alive = new Set<number>();
      let ids = 0;
      for (const { objects: seen, started, ended } of play(shots)) {
        for (const { track: id } of started) {
          expect(id).toBe(++ids);
          alive.add(id);
        }
        for (const { track: id } of ended) expect(alive.delete(id)).toBe(true);
        const seenIds = seen.map(({ id }) => id);
        expect(seenIds).toEqual([...new Set(seenIds)].sort((a, b) => a - b));
        for (const id of seenIds) expect(alive.has(id)).toBe(true);
        for (const { box } of seen) expect(box.every(Number.isFinite) && box[2] > box[0] && box[3] > box[1]).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test('the same film gives the same tracks', () => {
  fc.assert(
    fc.property(films, (shots) => {
      expect(play(shots)).toEqual(play(shots));
    }),
    { numRuns: 50 },
  );
});

test('a crowd beyond all limits is cut to the most confident', () => {
  const crowd = Array.from({ length: 700 }, (_, index) => ({
    ...person(0, { confidence: 0.9 - index * 1e-5 }),
    box: [100 * index, 0, 100 * index + 40, 100] as const,
  }));
  const updates = track([crowd, crowd]);
  expect(updates[1]?.objects).toHaveLength(500);
  expect(updates[1]?.objects.at(-1)?.box[0]).toBeCloseTo(49_900);
});
