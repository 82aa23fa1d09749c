// Measures the embedded models on scenes that no training saw:
//   node dist/test/embedded/evaluate.js [COUNT] [onbox|onnxruntime]

import { averagePrecisions, type Judged, meanAveragePrecision } from './accuracy.js';
import { openProduct } from './product.js';
import { compressPixels, type Engine, openReference, type Pixels } from './reference.js';
import { drawPortrait, drawScene, type Scene, type SceneOptions } from './scenes.js';
import { classLabels } from './shapes.js';

type Sizes = readonly (readonly [width: number, height: number])[];

/** Sizes of pictures, cycled through. */
const usualSizes: Sizes = [
  [640, 480],
  [480, 640],
  [224, 224],
  [320, 240],
  [800, 450],
  [500, 375],
  [400, 600],
  [512, 512],
];

/** A scene of the series `seed`; every second one has gone through JPEG of quality 50 to 90. */
async function drawNumbered(index: number, seed: number, sizes: Sizes, draw: (options: SceneOptions) => Scene) {
  const [width, height] = sizes[index % sizes.length] ?? [224, 224];
  const scene = draw({ width, height, seed: seed + index * 104729 });
  const pixels: Pixels = index % 2 === 1 ? await compressPixels(scene, 50 + (index % 5) * 10) : scene;
  return { scene, pixels };
}

/** Truths and answers of the detector on `count` scenes. */
export async function judgeDetector(engine: Engine, count: number, seed: number, sizes = usualSizes): Promise<Judged[]> {
  const judged: Judged[] = [];
  for (let i = 0; i < count; i++) {
    const { scene, pixels } = await drawNumbered(i, seed, sizes, drawScene);
    judged.push({ truths: scene.objects, detections: await engine.detect(pixels, 0.05) });
  }
  return judged;
}

/** Share of `count` pictures whose main shape the classifier names first. */
export async function judgeClassifier(engine: Engine, count: number, seed: number, sizes = usualSizes): Promise<number> {
  let right = 0;
  for (let i = 0; i < count; i++) {
    const { scene, pixels } = await drawNumbered(i, seed, sizes, drawPortrait);
    if ((await engine.classify(pixels)) === scene.objects[0]?.class) right++;
  }
  return right / count;
}

async function main(count: number, engineName: string): Promise<void> {
  const engine = await (engineName === 'onbox' ? openProduct() : openReference());
  const judged = await judgeDetector(engine, count, 20261125);
  const objects = judged.reduce((total, one) => total + one.truths.length, 0);
  const ap50 = meanAveragePrecision(judged, classLabels.length);
  console.log(`detector: AP50 ${ap50.toFixed(4)} on ${count} scenes with ${objects} objects`);
  averagePrecisions(judged, classLabels.length).forEach((value, i) => {
    console.log(`  ${classLabels[i]?.padEnd(8)} ${value.toFixed(4)}`);
  });
  console.log(`classifier: top-1 ${(await judgeClassifier(engine, count, 51126202)).toFixed(4)} on ${count} pictures`);
  await engine.close();
}

if (require.main === module) {
  main(Number(process.argv[2] ?? 400), process.argv[3] ?? 'onbox').catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
