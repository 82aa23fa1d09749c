// Suppression: small cases by hand, its promises as properties, its cost on a crowd.

import fc from 'fast-check';
import type { Candidate } from '../../runtime/vision/heads/head.js';
import { nmsCandidatesMax, overlap as overlapOf, suppress } from '../../runtime/vision/nms.js';
import { cheapestMs } from './timing.js';

function candidate(score: number, x1: number, y1: number, x2: number, y2: number, index = 0): Candidate {
  return { score, class: index, x1, y1, x2, y2 };
}

function overlap(a: Candidate, b: Candidate): number {
  return overlapOf(a.x1, a.y1, a.x2, a.y2, b.x1, b.y1, b.x2, b.y2);
}

test('of two boxes of one class the more confident stays, whatever their order', () => {
  const weak = candidate(0.6, 0, 0, 10, 10);
  const strong = candidate(0.9, 1, 0, 11, 10);
  expect(suppress([weak, strong], { iou: 0.45, max: 10 })).toEqual([strong]);
});

test('boxes of different classes do not suppress each other', () => {
  const boxes = [candidate(0.9, 0, 0, 10, 10, 0), candidate(0.8, 0, 0, 10, 10, 1)];
  expect(suppress(boxes, { iou: 0.1, max: 10 })).toEqual(boxes);
});

test('an overlap of exactly the limit is allowed', () => {
  // 10x10 and 10x10, shifted by 5: 50 of 150.
  const boxes = [candidate(0.9, 0, 0, 10, 10), candidate(0.8, 5, 0, 15, 10)];
  expect(suppress(boxes, { iou: 50 / 150, max: 10 })).toHaveLength(2);
  expect(suppress(boxes, { iou: 0.33, max: 10 })).toHaveLength(1);
});

test('a suppressed box suppresses nobody', () => {
  const chain = [candidate(0.9, 0, 0, 10, 10), candidate(0.8, 4, 0, 14, 10), candidate(0.7, 8, 0, 18, 10)];
  expect(suppress(chain, { iou: 0.3, max: 10 })).toEqual([chain[0], chain[2]]);
});

test('no more than max boxes are kept, the most confident ones', () => {
  const far = Array.from({ length: 20 }, (_, i) => candidate(i / 20, i * 100, 0, i * 100 + 10, 10));
  expect(suppress(far, { iou: 0.5, max: 3 }).map(({ score }) => score)).toEqual([0.95, 0.9, 0.85]);
  expect(suppress(far, { iou: 0.5, max: 0 })).toEqual([]);
});

test('boxes without area, or inside out, overlap nothing', () => {
  expect(overlap(candidate(1, 5, 5, 5, 5), candidate(1, 0, 0, 10, 10))).toBe(0);
  expect(overlap(candidate(1, 9, 9, 1, 1), candidate(1, 0, 0, 10, 10))).toBe(0);
});

test('what is kept is sorted, does not overlap, and covers all that was dropped', () => {
  const side = fc.integer({ min: 1, max: 30 });
  const place = fc.integer({ min: 0, max: 40 });
  const boxes = fc
    .tuple(fc.integer({ min: 1, max: 100 }), place, place, side, side, fc.integer({ min: 0, max: 2 }))
    .map(([score, x, y, w, h, index]) => candidate(score / 100, x, y, x + w, y + h, index));
  fc.assert(
    fc.property(fc.array(boxes, { maxLength: 40 }), (all) => {
      const kept = suppress(all, { iou: 0.4, max: 1000 });
      const rivals = (a: Candidate, b: Candidate) => a !== b && a.class === b.class && overlap(a, b) > 0.4;
      expect(kept.every((a, i) => i === 0 || a.score <= (kept[i - 1]?.score ?? 0))).toBe(true);
      expect(kept.some((a) => kept.some((b) => rivals(a, b)))).toBe(false);
      expect(all.every((a) => kept.includes(a) || kept.some((b) => rivals(a, b) && b.score >= a.score))).toBe(true);
    }),
  );
});

test('every anchor of a YOLOv5 as a candidate costs little', async () => {
  const crowd = Array.from({ length: 25_200 }, (_, i) =>
    candidate((i % 997) / 997, i % 640, i % 480, (i % 640) + 40, (i % 480) + 40),
  );
  expect(suppress(crowd, { iou: 0.45, max: 300 }).length).toBeLessThanOrEqual(300);
  // 24 ms outside of jest, whose sandbox makes each look at Math expensive. All pairs would be minutes.
  expect(await cheapestMs(() => suppress(crowd, { iou: 0.45, max: 300 }), 2)).toBeLessThan(5000);
  expect(nmsCandidatesMax).toBe(10_000);
});
