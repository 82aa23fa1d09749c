// Every head on its real model: onnxruntime runs the pixels of fitPicture, the head's answer is held against the published one.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageInput, VisionSpec } from '../../runtime/module/manifest.js';
import { type DetectedObject, decodeObjects } from '../../runtime/vision/boxes.js';
import { decodeClasses } from '../../runtime/vision/classes.js';
import { describe as describeModel } from '../../runtime/vision/describe.js';
import { decodePicture, type Picture } from '../../runtime/vision/image.js';
import { parseLabels } from '../../runtime/vision/labels.js';
import { fitPicture } from '../../runtime/vision/letterbox.js';
import { type Overrides, parseSidecar } from '../../runtime/vision/sidecar.js';
import { sharedData } from '../support/data.js';
import { openPeer } from './peer.js';

interface Expected {
  readonly image: string;
  readonly threshold: number;
  readonly detections: readonly (readonly [label: string, score: number, box: readonly number[]])[];
  readonly top5: readonly (readonly [index: number, label: string, probability: number])[];
}

const root = sharedData();
const expected: Record<string, Expected> =
  root === undefined ? {} : JSON.parse(readFileSync(join(root, 'expected.json'), 'utf8'));

/** The models whose normalisation nothing in the file gives away. */
const sidecars: Readonly<Record<string, string>> = {
  'squeezenet1.0': '{"image": {"colors": "bgr", "mean": [104, 117, 123], "std": 1}}',
  person_reid_0288: '{"task": "embed", "image": {"colors": "bgr"}}',
};

const detectors: Readonly<Record<string, string>> = {
  yolov5n_640: 'yolov5',
  yolov8n_640_fp32deq: 'yolov8',
  yolox_nano_416: 'yolox',
  nanodet_m_320: 'nanodet',
  ultraface_rfb_320: 'ultraface',
  yunet_n_320: 'yunet',
};

/** Scores may differ by this; what lies this near the threshold may be found or not. */
const scoreTolerance = 0.02;
const boxTolerance = 3;

function overridesOf(model: string): Overrides {
  const sidecar = sidecars[model];
  return sidecar === undefined ? {} : parseSidecar(sidecar);
}

async function readPicture(...parts: readonly string[]): Promise<Picture> {
  return await decodePicture(readFileSync(join(root ?? '', 'images', ...parts)));
}

function imageOf({ image }: VisionSpec): ImageInput {
  if (image === undefined) throw new Error('the model takes no picture');
  return image;
}

/** The published boxes reach over the picture's edges; onbox's end there. */
function inside(box: readonly number[], { width, height }: Picture): number[] {
  return box.map((value, side) => Math.min(Math.max(value, 0), side % 2 === 0 ? width : height));
}

function isThere(objects: readonly DetectedObject[], label: string, score: number, box: readonly number[]): boolean {
  return objects.some(
    (object) =>
      object.label === label &&
      Math.abs(object.confidence - score) <= scoreTolerance &&
      object.box.every((value, side) => Math.abs(value - (box[side] ?? 0)) <= boxTolerance),
  );
}

if (root === undefined) {
  test.skip('shared data is missing: skipped', () => {});
} else {
  test.each(Object.entries(detectors))('%s is read by the head %s and finds what onnxruntime finds', async (model, kind) => {
    const want = expected[model] as Expected;
    const peer = await openPeer(join(root, 'models', `${model}.onnx`));
    const spec = describeModel(peer.facts, overridesOf(model));
    expect(spec).toMatchObject({ task: 'detect', head: { kind } });
    const picture = await readPicture(want.image);
    const { pixels, placement } = fitPicture(picture, imageOf(spec));
    const outputs = await peer.run(pixels, imageOf(spec));
    await peer.close();
    const objects = decodeObjects(spec, outputs, placement, { minConfidence: want.threshold, iou: 0.45, max: 300 });
    for (const [label, score, box] of want.detections) {
      expect({ label, score, box, found: isThere(objects, label, score, inside(box, picture)) }).toMatchObject({ found: true });
    }
    expect(objects.filter(({ confidence }) => confidence > want.threshold + scoreTolerance)).toHaveLength(
      want.detections.filter(([, score]) => score > want.threshold + scoreTolerance).length,
    );
  });

  test.each([
    ['mobilenetv2_fp32deq', 'imagenet1000.txt'],
    ['squeezenet1.0', 'imagenet1000.txt'],
    ['resnet20_cifar10', 'cifar10.txt'],
  ])('%s names the classes that onnxruntime names', async (model, labels) => {
    const want = expected[model] as Expected;
    const peer = await openPeer(join(root, 'models', `${model}.onnx`));
    const names = parseLabels(readFileSync(join(root, 'labels', labels), 'utf8'));
    const spec = describeModel(peer.facts, { ...overridesOf(model), labels: names });
    expect(spec).toMatchObject({ task: 'classify', head: { kind: 'classify' } });
    const { pixels } = fitPicture(await readPicture(want.image), imageOf(spec));
    const classes = decodeClasses(spec, await peer.run(pixels, imageOf(spec)), { top: 10 });
    await peer.close();
    for (const [index, label, probability] of want.top5) {
      const found = classes.find((candidate) => candidate.class === index);
      expect(found).toMatchObject({ label });
      expect(Math.abs((found?.confidence ?? 0) - probability)).toBeLessThanOrEqual(scoreTolerance);
    }
    expect(classes[0]?.class).toBe(want.top5[0]?.[0]);
  });

  test('mnist reads its digit from raw grey', async () => {
    const peer = await openPeer(join(root, 'models', 'mnist.onnx'));
    const spec = describeModel(peer.facts);
    expect(spec.image).toMatchObject({ colors: 'gray', mean: [0], std: [1], width: 28, height: 28, fit: 'stretch' });
    const { pixels } = fitPicture(await readPicture('mnist_28x28.jpg'), imageOf(spec));
    const [first] = decodeClasses(spec, await peer.run(pixels, imageOf(spec)), { top: 1 });
    await peer.close();
    expect(first?.confidence).toBeGreaterThan(0.9);
  });

  test('person_reid is an appearance model that takes channels last', async () => {
    const peer = await openPeer(join(root, 'models', 'person_reid_0288.onnx'));
    const spec = describeModel(peer.facts);
    await peer.close();
    expect(spec).toMatchObject({ task: 'embed', image: { width: 128, height: 256, channelsLast: true } });
    expect(spec.head).toBeUndefined();
    expect(describeModel(peer.facts, overridesOf('person_reid_0288')).image).toMatchObject({ colors: 'bgr' });
  });

  test('yunet places the eyes above the mouth, inside the face', async () => {
    const peer = await openPeer(join(root, 'models', 'yunet_n_320.onnx'));
    const spec = describeModel(peer.facts);
    const { pixels, placement } = fitPicture(await readPicture('zidane.jpg'), imageOf(spec));
    const outputs = await peer.run(pixels, imageOf(spec));
    await peer.close();
    const [face] = decodeObjects(spec, outputs, placement, { minConfidence: 0.9, iou: 0.45, max: 1 });
    const [rightEye, leftEye, nose, rightMouth, leftMouth] = face?.landmarks ?? [];
    const [x1, y1, x2, y2] = face?.box ?? [0, 0, 0, 0];
    for (const point of [rightEye, leftEye, nose, rightMouth, leftMouth]) {
      expect(point?.[0]).toBeGreaterThan(x1);
      expect(point?.[0]).toBeLessThan(x2);
      expect(point?.[1]).toBeGreaterThan(y1);
      expect(point?.[1]).toBeLessThan(y2);
    }
    expect(rightEye?.[0]).toBeLessThan(leftEye?.[0] ?? 0);
    expect(rightEye?.[1]).toBeLessThan(rightMouth?.[1] ?? 0);
    expect(leftEye?.[1]).toBeLessThan(leftMouth?.[1] ?? 0);
  });

  test.each(['light_densenet121', 'light_inception_v1', 'light_resnet50', 'light_shufflenet', 'light_squeezenet'])(
    '%s is a classifier, and whether it ends in softmax is seen',
    async (model) => {
      const peer = await openPeer(join(root, 'models', 'light', `${model}.onnx`));
      const spec = describeModel(peer.facts);
      await peer.close();
      const scores = model === 'light_densenet121' ? 'logits' : 'probabilities';
      expect(spec).toMatchObject({ task: 'classify', head: { parameters: { classes: 1000, scores } } });
    },
  );
}
