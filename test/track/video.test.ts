// The tracker on what our models detect in a real video, with the parameters that mot15.test.ts uses: three detectors whose
// confidences are on other scales than those of public detections.

import { sharedData } from '../support/data.js';
import { framesPerSOf } from './support/contest.js';
import { follow } from './support/follow.js';
import { measure } from './support/metrics.js';
import { compare, readMot } from './support/mot.js';

const data = sharedData('mot');

if (data === undefined) {
  test.skip('shared data is missing: skipped', () => undefined);
} else {
  // Measured: HOTA 61.2, 58.7, 56.7; IDF1 84.3, 80.6, 77.3. SORT has 54.8, 47.6, 44.4; 71.3, 59.7, 54.7.
  test.each([
    ['yolov8n_640_fp32deq', 57, 76],
    ['yolov5n_640', 55, 76],
    ['yolox_nano_416', 53, 72],
  ])('on a street filmed from above with detections of %s HOTA is above %d and IDF1 above %d', (name, hotaMin, idf1Min) => {
    const truth = `${data}/MOT15/PETS09-S2L1`;
    const tracked = follow(readMot(`${data}/vtest/det_${name}.txt`), framesPerSOf(truth));
    const { hota, idf1 } = measure(compare(readMot(`${truth}/gt/gt.txt`), tracked));
    expect(hota).toBeGreaterThan(hotaMin);
    expect(idf1).toBeGreaterThan(idf1Min);
  });
}
