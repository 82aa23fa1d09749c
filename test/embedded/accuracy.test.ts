// The measure itself: what counts as found, and what a wrong box costs.

import { averagePrecisions, type Detection, iou, meanAveragePrecision, type Truth } from './accuracy.js';

const truth: Truth = { class: 0, box: [0, 0, 10, 10] };
const hit: Detection = { class: 0, box: [0, 0, 10, 8], confidence: 0.9 };
const miss: Detection = { class: 0, box: [20, 20, 30, 30], confidence: 0.95 };

test('boxes that only touch do not overlap', () => {
  expect(iou([0, 0, 10, 10], [10, 0, 20, 10])).toBe(0);
  expect(iou([0, 0, 10, 10], [0, 0, 10, 8])).toBeCloseTo(0.8);
});

test('a wrong box above the right one halves the average precision', () => {
  expect(averagePrecisions([{ truths: [truth], detections: [hit] }], 1)).toEqual([1]);
  expect(averagePrecisions([{ truths: [truth], detections: [hit, miss] }], 1)).toEqual([0.5]);
});

test('the second box on one object is wrong, and an object that nothing finds costs recall', () => {
  const again = { ...hit, confidence: 0.8 };
  expect(averagePrecisions([{ truths: [truth], detections: [hit, again] }], 1)).toEqual([1]);
  const far: Truth = { class: 0, box: [50, 50, 60, 60] };
  expect(averagePrecisions([{ truths: [truth, far], detections: [hit, again] }], 1)).toEqual([0.5]);
});

test('classes that no picture shows do not count', () => {
  expect(meanAveragePrecision([{ truths: [truth], detections: [hit] }], 8)).toBe(1);
});
