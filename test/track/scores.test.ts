// The tracker against SORT, both on the same public detections, scored by the evaluator that evaluator.test.ts holds to TrackEval.
// One set of parameters for all: cameras that stand and that move, 7 to 30 frames a second; video.test.ts has other detectors.

import { sharedData } from '../support/data.js';
import { type Contest, contest } from './support/contest.js';

const data = sharedData('mot');

const sequences = [
  'MOT15/TUD-Campus',
  'MOT15/TUD-Stadtmitte',
  'MOT15/PETS09-S2L1',
  'MOT15/KITTI-17',
  'MOT15/ETH-Bahnhof',
  'MOT17/MOT17-02-FRCNN',
  'MOT17/MOT17-09-FRCNN',
  'MOT17/MOT17-13-FRCNN',
];

if (data === undefined) {
  test.skip('shared data is missing: skipped', () => undefined);
} else {
  describe('on public detections', () => {
    let contests: readonly (Contest & { readonly name: string })[];
    beforeAll(() => {
      contests = sequences.map((name) => ({ name, ...contest(`${data}/${name}`) }));
    });

    test("IDF1 is above SORT's on every sequence", () => {
      expect(contests.filter(({ ours, sort }) => ours.idf1 <= sort.idf1)).toEqual([]);
    });

    const mean = (score: 'idf1' | 'mota' | 'hota') =>
      contests.reduce((sum, { ours, sort }) => sum + ours[score] - sort[score], 0) / contests.length;

    // Measured: 10.0, 2.4 and 5.3 above.
    test("IDF1 is at least 9 points above SORT's on average, MOTA 2, HOTA 4.5", () => {
      expect(mean('idf1')).toBeGreaterThan(9);
      expect(mean('mota')).toBeGreaterThan(2);
      expect(mean('hota')).toBeGreaterThan(4.5);
    });
  });
}
