import { statSync } from 'node:fs';
import { join } from 'node:path';
import { meanAveragePrecision } from './accuracy.js';
import { judgeClassifier, judgeDetector } from './evaluate.js';
import { embeddedFolder } from './reference.js';
import { classLabels } from './shapes.js';

test('the two models together take at most 2.5 MB', () => {
  const bytes = ['shapes-detector.onnx', 'shapes-classifier.onnx'].map((file) => statSync(join(embeddedFolder, file)).size);
  expect(bytes.reduce((total, size) => total + size, 0)).toBeLessThanOrEqual(2_500_000);
});

test('the detector reaches AP50 0.90 on scenes that it never saw', async () => {
  expect(meanAveragePrecision(await judgeDetector(60, 4711), classLabels.length)).toBeGreaterThanOrEqual(0.9);
});

test('the classifier reaches top-1 0.95 on pictures that it never saw', async () => {
  expect(await judgeClassifier(60, 1174)).toBeGreaterThanOrEqual(0.95);
});
