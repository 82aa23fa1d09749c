// A real model in float16, with open dimensions, the whole way: converted here, compiled for a wide picture, held against onnxruntime.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorOf } from '../../runtime/module/compare.js';
import type { ImageInput } from '../../runtime/module/manifest.js';
import { compileFile } from '../../runtime/vision/compile.js';
import { decodePicture } from '../../runtime/vision/image.js';
import { fitPicture } from '../../runtime/vision/letterbox.js';
import { openModel } from '../../runtime/vision/model.js';
import { sharedData } from '../support/data.js';
import { toFloat16 } from '../support/float16.js';
import { openPeer } from '../vision/peer.js';

/** Of an output's largest magnitude: onnxruntime rounds some values on the way to halves, of 11 bits. */
const outputErrorMax = 5e-3;
const compileTimeoutMs = 900_000;

const path = sharedData('models', 'yolov5n_dynamic.onnx');
(path === undefined ? test.skip : test)(
  'yolov5n_dynamic in float16 at 384x640 gives the outputs of onnxruntime and finds the people in a wide photo',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'onbox-float16-'));
    const onnx = join(folder, 'model.onnx');
    writeFileSync(onnx, toFloat16(readFileSync(path as string)));
    const outFolder = join(folder, 'module');
    await compileFile(onnx, { name: 'halves', outFolder, inputs: { images: [1, 3, 384, 640] } });
    const model = await openModel(outFolder, { threads: 2 });
    const image = model.session.manifest.image as ImageInput;
    expect(image).toMatchObject({ width: 640, height: 384 });
    const photo = await decodePicture(readFileSync(sharedData('images', 'zidane.jpg') as string));
    const { pixels } = fitPicture(photo, image);
    const peer = await openPeer(onnx);
    const want = await peer.run(pixels, image);
    await peer.close();
    const got = await model.session.runPixels(pixels);
    expect([...want].map(([name, output]) => [name, errorOf(got.get(name), output) <= outputErrorMax])).toEqual(
      [...want.keys()].map((name) => [name, true]),
    );
    const { objects } = await model.detect(photo);
    expect(objects.filter(({ label }) => label === 'person').length).toBeGreaterThanOrEqual(2);
    await model.close();
    rmSync(folder, { recursive: true });
  },
  compileTimeoutMs,
);
