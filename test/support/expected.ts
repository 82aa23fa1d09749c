// The published answers of the real models (expected.json of the shared data), and what onbox must be told of the models to give them.

import { readFileSync } from 'node:fs';
import type { DetectedObject } from '../../runtime/vision/boxes.js';
import type { ClassifiedClass } from '../../runtime/vision/classes.js';
import { parseLabels } from '../../runtime/vision/labels.js';
import { type Overrides, parseSidecar } from '../../runtime/vision/sidecar.js';
import { sharedData } from './data.js';

export interface ExpectedAnswer {
  readonly image: string;
  readonly threshold?: number;
  readonly detections?: readonly (readonly [label: string, score: number, box: readonly number[]])[];
  readonly top5?: readonly (readonly [index: number, label: string, probability: number])[];
}

const scoreTolerance = 0.02;
/** Pixels of the photo. */
const boxTolerance = 3;

/** The models whose normalisation nothing in the file gives away. */
const sidecars: Readonly<Record<string, string>> = {
  'squeezenet1.0': '{"image": {"colors": "bgr", "mean": [104, 117, 123], "std": 1}}',
  person_reid_0288: '{"task": "embed", "image": {"colors": "bgr"}}',
};

const labelFiles: Readonly<Record<string, string>> = {
  mobilenetv2_fp32deq: 'imagenet1000.txt',
  'squeezenet1.0': 'imagenet1000.txt',
  resnet20_cifar10: 'cifar10.txt',
};

export function expectedAnswer(model: string): ExpectedAnswer | undefined {
  const answers: Record<string, ExpectedAnswer> = JSON.parse(readFileSync(sharedData('expected.json') as string, 'utf8'));
  const answer = Object.hasOwn(answers, model) ? answers[model] : undefined;
  return answer?.image === undefined ? undefined : answer;
}

export function overridesFor(model: string): Overrides {
  const [sidecar, labels] = [sidecars[model], labelFiles[model]];
  return {
    ...(sidecar === undefined ? {} : parseSidecar(sidecar)),
    ...(labels === undefined ? {} : { labels: parseLabels(readFileSync(sharedData('labels', labels) as string, 'utf8')) }),
  };
}

/** Every published object is found, and nothing else that is clearly above the threshold. */
export function expectObjects(
  objects: readonly DetectedObject[],
  { threshold = 0, detections = [] }: ExpectedAnswer,
  picture: { readonly width: number; readonly height: number },
): void {
  for (const [label, score, box] of detections) {
    // The published boxes reach over the picture's edges; onbox's end there.
    const inside = box.map((value, side) => Math.min(Math.max(value, 0), side % 2 === 0 ? picture.width : picture.height));
    const found = objects.some(
      (object) =>
        object.label === label &&
        Math.abs(object.confidence - score) <= scoreTolerance &&
        object.box.every((value, side) => Math.abs(value - (inside[side] ?? 0)) <= boxTolerance),
    );
    expect({ label, score, box: inside, found }).toMatchObject({ found: true });
  }
  const sure = threshold + scoreTolerance;
  expect(objects.filter(({ confidence }) => confidence > sure)).toHaveLength(
    detections.filter(([, score]) => score > sure).length,
  );
}

/** The five published classes are among the classes, with their scores, and the first is the first. */
export function expectClasses(classes: readonly ClassifiedClass[], { top5 = [] }: ExpectedAnswer): void {
  for (const [index, label, probability] of top5) {
    const found = classes.find((candidate) => candidate.class === index);
    expect(found).toMatchObject({ label });
    expect(Math.abs((found?.confidence ?? 0) - probability)).toBeLessThanOrEqual(scoreTolerance);
  }
  expect(classes[0]?.class).toBe(top5[0]?.[0]);
}
