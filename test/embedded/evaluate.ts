// Measures the embedded models on scenes that no training saw, with onnxruntime-node: node dist/test/embedded/evaluate.js [COUNT].

import { averagePrecisions, type Judged, meanAveragePrecision } from './accuracy.js';
import { classifyReference, compressPixels, detectReference, openReference, type Pixels } from './reference.js';
import { drawPortrait, drawScene, type Scene } from './scenes.js';
import { classLabels } from './shapes.js';

/** Sizes of pictures, cycled through. */
const sizes: readonly (readonly [number, number])[] = [
  [640, 480],
  [480, 640],
  [224, 224],
  [320, 240],
  [800, 450],
  [500, 375],
  [400, 600],
  [512, 512],
];

/** A scene of the fixed series `seed`; every second one has gone through JPEG of quality 50 to 90. */
async function drawNumbered(
  index: number,
  seed: number,
  draw: (options: { width: number; height: number; seed: number }) => Scene,
) {
  const [width, height] = sizes[index % sizes.length] ?? [224, 224];
  const scene = draw({ width, height, seed: seed + index * 104729 });
  const pixels: Pixels = index % 2 === 1 ? await compressPixels(scene, 50 + (index % 5) * 10) : scene;
  return { scene, pixels };
}

/** Truths and answers of the detector on `count` scenes. */
export async function judgeDetector(count: number, seed: number): Promise<Judged[]> {
  const session = await openReference('shapes-detector.onnx');
  const judged: Judged[] = [];
  for (let i = 0; i < count; i++) {
    const { scene, pixels } = await drawNumbered(i, seed, drawScene);
    judged.push({ truths: scene.objects, detections: await detectReference(session, pixels) });
  }
  return judged;
}

/** Share of `count` pictures whose main shape the classifier names first. */
export async function judgeClassifier(count: number, seed: number): Promise<number> {
  const session = await openReference('shapes-classifier.onnx');
  let right = 0;
  for (let i = 0; i < count; i++) {
    const { scene, pixels } = await drawNumbered(i, seed, drawPortrait);
    const scores = await classifyReference(session, pixels);
    if (scores.indexOf(Math.max(...scores)) === scene.objects[0]?.class) right++;
  }
  return right / count;
}

async function main(count: number): Promise<void> {
  const judged = await judgeDetector(count, 20261125);
  const objects = judged.reduce((total, one) => total + one.truths.length, 0);
  console.log(
    `detector: AP50 ${meanAveragePrecision(judged, classLabels.length).toFixed(4)} on ${count} scenes with ${objects} objects`,
  );
  averagePrecisions(judged, classLabels.length).forEach((value, i) => {
    console.log(`  ${classLabels[i]?.padEnd(8)} ${value.toFixed(4)}`);
  });
  console.log(`classifier: top-1 ${(await judgeClassifier(count, 51126202)).toFixed(4)} on ${count} pictures`);
}

if (require.main === module) {
  main(Number(process.argv[2] ?? 400)).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
