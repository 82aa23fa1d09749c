// The evaluator against TrackEval's own figures, to 0.01: the scores of a tracker of py-motmetrics and of SORT's published output.
// With it, our SORT is the published one, so that it may stand in where there is no published output.

import { sharedData } from '../support/data.js';
import { measure } from './support/metrics.js';
import { compare, parseMot, readMot } from './support/mot.js';
import { runSort, sortDefaults } from './support/sort.js';

const data = sharedData('mot');

/** HOTA, MOTA, IDF1. */
type Figures = readonly [hota: number, mota: number, idf1: number];

const motmetrics: readonly (readonly [string, Figures])[] = [
  ['TUD-Campus', [39.14, 52.646, 55.766]],
  ['TUD-Stadtmitte', [39.785, 56.401, 64.462]],
];
const sort: readonly (readonly [string, Figures])[] = [
  ['TUD-Campus', [45.26, 62.67, 60.65]],
  ['TUD-Stadtmitte', [53.03, 71.71, 73.47]],
  ['PETS09-S2L1', [30.58, 61.86, 35.11]],
  ['KITTI-17', [45.36, 60.18, 71.08]],
  ['ETH-Bahnhof', [45.78, 44.64, 60.94]],
];
const sortOnVideo: readonly (readonly [string, Figures])[] = [
  ['yolox_nano_416', [44.36, 58.177, 54.716]],
  ['yolov5n_640', [47.577, 60.567, 59.749]],
  ['yolov8n_640_fp32deq', [54.789, 74.933, 71.276]],
];

function expectFigures(truth: string, found: string, figures: Figures): void {
  const { hota, mota, idf1 } = measure(compare(readMot(truth), readMot(found)));
  const differences = [hota, mota, idf1].map((value, index) => Math.abs(value - (figures[index] as number)));
  expect(Math.max(...differences)).toBeLessThan(0.01);
}

if (data === undefined) {
  test.skip('shared data is missing: skipped', () => undefined);
} else {
  test.each(motmetrics)("the scores of py-motmetrics' tracker on %s are TrackEval's", (name, figures) => {
    expectFigures(`${data}/motmetrics/${name}/gt.txt`, `${data}/motmetrics/${name}/test.txt`, figures);
  });

  test.each(sort)("the scores of SORT's published output on %s are TrackEval's", (name, figures) => {
    expectFigures(`${data}/MOT15/${name}/gt/gt.txt`, `${data}/results/SORT-MOT15/${name}.txt`, figures);
  });

  test.each(sortOnVideo)("the scores of SORT's output on detections of %s are TrackEval's", (name, figures) => {
    expectFigures(`${data}/MOT15/PETS09-S2L1/gt/gt.txt`, `${data}/vtest/sort_maxage10_${name}.txt`, figures);
  });

  // The published output is rounded to hundredths of a pixel.
  function expectLikeSort(detections: string, truth: string, [hota, mota, idf1]: Figures, ageMax: number): void {
    const scores = measure(compare(readMot(truth), runSort(readMot(detections), { ...sortDefaults, ageMax })));
    expect(Math.abs(scores.hota - hota)).toBeLessThan(0.02);
    expect(Math.abs(scores.mota - mota)).toBeLessThan(0.05);
    expect(Math.abs(scores.idf1 - idf1)).toBeLessThan(0.02);
  }

  test.each(sort)('our SORT scores what the published one scores on %s', (name, figures) => {
    expectLikeSort(`${data}/MOT15/${name}/det/det.txt`, `${data}/MOT15/${name}/gt/gt.txt`, figures, sortDefaults.ageMax);
  });

  test.each(sortOnVideo)('with ten frames of memory it scores what SORT scores on detections of %s', (name, figures) => {
    expectLikeSort(`${data}/vtest/det_${name}.txt`, `${data}/MOT15/PETS09-S2L1/gt/gt.txt`, figures, 10);
  });
}

/** Ten frames of one person who stands at x = 0. */
const person = lines(1, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

/** MOT text of boxes of 10 x 10 pixels at `x`. */
function lines(id: number, frames: readonly number[], { x = 0, rest = '1' } = {}): string {
  return frames.map((frame) => `${frame},${id},${x},0,10,10,${rest}\n`).join('');
}

function scoresOf(truth: string, found: string) {
  return measure(compare(parseMot(truth), parseMot(found)));
}

test('a tracker that repeats the truth scores 100', () => {
  expect(scoresOf(person, person)).toMatchObject({ hota: expect.closeTo(100, 9), mota: 100, idf1: 100, switches: 0 });
});

test('a tracker that finds nothing scores 0', () => {
  expect(scoresOf(person, '')).toMatchObject({ hota: 0, mota: 0, idf1: 0, falseNegatives: 10 });
});

test('an identity that changes half way is one switch for MOTA, half of IDF1, and the root of a half for HOTA', () => {
  const found = lines(7, [1, 2, 3, 4, 5]) + lines(8, [6, 7, 8, 9, 10]);
  expect(scoresOf(person, found)).toMatchObject({
    hota: expect.closeTo(100 * Math.SQRT1_2, 9),
    mota: 90,
    idf1: 50,
    switches: 1,
  });
});

test('boxes that overlap by less than a half are wrong for MOTA and IDF1, but found by HOTA at low thresholds', () => {
  // Shifted by half a width: a third of the union. HOTA counts the alphas from 0.05 to 0.30, 6 of 19.
  const scores = scoresOf(person, lines(1, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], { x: 5 }));
  expect(scores).toMatchObject({ hota: expect.closeTo(600 / 19, 9), mota: -100, idf1: 0 });
});

test('truth that is marked with 0 is neither missed nor found', () => {
  const ignored = lines(2, [1, 2, 3], { x: 50, rest: '0' });
  expect(scoresOf(person + ignored, person).mota).toBe(100);
  expect(scoresOf(person + ignored, person + ignored)).toMatchObject({ mota: 70, falsePositives: 3 });
});

test('what is found on a distractor of MOT17 is not held against the tracker, on another class it is', () => {
  const counted = lines(1, [1, 2, 3, 4], { rest: '1,1,1' });
  const found = lines(1, [1, 2, 3, 4]) + lines(2, [1, 2, 3, 4], { x: 50 });
  for (const kind of [2, 7, 8, 12]) {
    expect(scoresOf(counted + lines(2, [1, 2, 3, 4], { x: 50, rest: `0,${kind},1` }), found).mota).toBe(100);
  }
  expect(scoresOf(counted + lines(2, [1, 2, 3, 4], { x: 50, rest: '0,3,1' }), found).mota).toBe(0);
});
