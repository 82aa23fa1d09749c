// The image's way over a session that answers as a compiled module does: in one arena that every run overwrites.

import { setTimeout as wait } from 'node:timers/promises';
import { type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import type { ImageInput, Manifest, Pixels, VisionSpec } from '../../runtime/module/manifest.js';
import { chooseSize } from '../../runtime/vision/choose.js';
import { encodePng, type Picture } from '../../runtime/vision/image.js';
import { type PixelSession, visionModel } from '../../runtime/vision/model.js';

const spec: VisionSpec = {
  task: 'classify',
  labels: ['dark', 'bright'],
  image: {
    input: 'x',
    width: 4,
    height: 4,
    colors: 'rgb',
    mean: [0, 0, 0],
    std: [1, 1, 1],
    channelsLast: false,
    fit: 'stretch',
    anchor: 'center',
    fill: 0,
    cropShare: 1,
  },
  head: { kind: 'classify', parameters: { output: 'y', classes: 2, scores: 'probabilities' } },
};

function manifestOf(vision: VisionSpec): Manifest {
  return {
    ...vision,
    format: 1,
    target: 'cpu',
    name: 'brightness',
    compiler: '0',
    modelDigest: '',
    fingerprint: '',
    inputs: [],
    outputs: [],
    kernels: [],
    plans: [],
    arenaBytes: 0,
    weightBytes: 0,
    files: {},
    selfCheck: { passed: true, maxRelativeError: 0, outputs: [] },
    compileSeconds: 0,
  };
}

/** Answers with the brightness of the first pixel, in one arena that every run overwrites, as a compiled module does. */
class Brightness implements PixelSession {
  readonly manifest: Manifest;
  runs = 0;
  overlaps = 0;
  closed = false;
  readonly #arena = tensorOf('f32', [1, 2], []);
  #busy = false;

  constructor(vision: VisionSpec = spec) {
    this.manifest = manifestOf(vision);
  }

  async runPixels(pixels: Pixels): Promise<ReadonlyMap<string, Tensor>> {
    if (this.#busy) this.overlaps++;
    this.#busy = true;
    this.runs++;
    const bright = (pixels[0] ?? 0) / (255 * 256);
    this.#answer(0, 0);
    await wait(1);
    this.#answer(1 - bright, bright);
    this.#busy = false;
    return new Map([['y', this.#arena]]);
  }

  #answer(dark: number, bright: number): void {
    this.#arena.data[0] = dark;
    this.#arena.data[1] = bright;
  }

  close(): void {
    if (this.#busy) this.overlaps++;
    this.closed = true;
  }
}

function grey(value: number): Picture {
  return { width: 3, height: 2, data: new Uint8Array(18).fill(value) };
}

test('a picture goes all the way from bytes to classes, and times are told', async () => {
  const model = visionModel(new Brightness());
  const { image, classes, ms } = await model.classify(await encodePng(grey(204)), { top: 1 });
  expect(image).toEqual({ width: 3, height: 2 });
  expect(classes).toEqual([{ label: 'bright', class: 1, confidence: expect.closeTo(0.8) }]);
  for (const time of [ms.decode, ms.infer, ms.post]) expect(time).toBeGreaterThanOrEqual(0);
});

test('overlapping calls take turns at the session, and each gets the answer to its own picture', async () => {
  const session = new Brightness();
  const model = visionModel(session);
  const answers = await Promise.all(Array.from({ length: 16 }, (_, i) => model.classify(grey(i * 17), { top: 2 })));
  for (const [i, { classes }] of answers.entries()) {
    expect(classes.find((found) => found.class === 1)?.confidence).toBeCloseTo((i * 17) / 255);
  }
  expect({ runs: session.runs, overlaps: session.overlaps }).toEqual({ runs: 16, overlaps: 0 });
});

test('a failed call does not hold up the next', async () => {
  const model = visionModel(new Brightness());
  const results = await Promise.allSettled([
    model.detect(grey(1)),
    model.classify(new Uint8Array([1])),
    model.classify(grey(255)),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
});

test('of several sizes, each picture is looked at with the one that suits its proportions', async () => {
  const wide = { ...spec, image: { ...(spec.image as ImageInput), width: 8 } };
  const sessions = [new Brightness(), new Brightness(wide)] as const;
  const model = visionModel(sessions[0], sessions.slice(1));
  await model.classify({ width: 20, height: 10, data: new Uint8Array(600) });
  expect(sessions.map(({ runs }) => runs)).toEqual([0, 1]);
  await model.classify({ width: 10, height: 11, data: new Uint8Array(330) });
  expect(sessions.map(({ runs }) => runs)).toEqual([1, 1]);
  await model.close();
  expect(sessions.map(({ closed }) => closed)).toEqual([true, true]);
});

test('of the same proportions, the smallest size that need not shrink the picture is taken, else the largest', () => {
  const sizes = [640, 320, 160].map((side) => ({ width: side, height: side }));
  const chosen = [100, 160, 200, 640, 4000].map((side) => chooseSize({ width: side, height: side }, sizes));
  expect(chosen).toEqual([2, 2, 1, 0, 0]);
});

test('close waits for the run in progress', async () => {
  const session = new Brightness();
  const model = visionModel(session);
  const answer = model.classify(grey(9));
  await model.close();
  expect({ closed: session.closed, overlaps: session.overlaps }).toEqual({ closed: true, overlaps: 0 });
  expect((await answer).classes).toHaveLength(2);
});

test('a model that takes no picture says so', async () => {
  const model = visionModel(new Brightness({ task: 'other', labels: [] }));
  await expect(model.classify(grey(1))).rejects.toMatchObject({ code: 'model-no-picture' });
});
