// The promises of daemon/embedded/README.md, kept on a small series of unseen scenes.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { iou, meanAveragePrecision } from './accuracy.js';
import { judgeClassifier, judgeDetector } from './evaluate.js';
import { type Engine, embeddedFolder, openReference } from './reference.js';
import { drawSample, samplePath } from './sample.js';
import { classLabels } from './shapes.js';

test('the two models together take at most 2.5 MB', () => {
  const bytes = ['shapes-detector.onnx', 'shapes-classifier.onnx'].map((file) => statSync(join(embeddedFolder, file)).size);
  expect(bytes.reduce((total, size) => total + size, 0)).toBeLessThanOrEqual(2_500_000);
});

// Small, so that drawing takes little time; evaluate.ts measures on more and larger ones.
const sizes = [
  [320, 240],
  [224, 224],
  [200, 300],
] as const;

let engine: Engine;
beforeAll(async () => {
  engine = await openReference();
});
afterAll(() => engine.close());

test('the detector reaches AP50 0.90 on scenes that it never saw', async () => {
  expect(meanAveragePrecision(await judgeDetector(engine, 60, 4711, sizes), classLabels.length)).toBeGreaterThanOrEqual(0.9);
});

test('the classifier reaches top-1 0.95 on pictures that it never saw', async () => {
  expect(await judgeClassifier(engine, 60, 1174, sizes)).toBeGreaterThanOrEqual(0.95);
});

test('the detector finds every shape of the sample picture and nothing else', async () => {
  const { data, info } = await sharp(samplePath).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const found = await engine.detect({ width: info.width, height: info.height, data }, 0.25);
  const { objects } = drawSample();
  expect(found.map((one) => one.class).sort()).toEqual(objects.map((one) => one.class).sort());
  for (const object of objects) {
    const overlaps = found.filter((one) => one.class === object.class).map((one) => iou(one.box, object.box));
    expect([object.label, Math.max(...overlaps) > 0.7]).toEqual([object.label, true]);
  }
});

test('the sample picture is small', () => {
  expect(statSync(samplePath).size).toBeLessThanOrEqual(200_000);
});
