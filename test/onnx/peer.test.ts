// The imported graph, before and after the passes, computes what onnxruntime computes.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { elementCount, type Tensor } from '../../runtime/core/tensor.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import { optimize } from '../../runtime/graph/passes/index.js';
import { importModel } from '../../runtime/onnx/import.js';
import { readModel } from '../../runtime/onnx/read.js';
import { differenceOf } from '../graph/passes/equivalence.js';
import { sharedData } from '../support/data.js';

/** Range of the input's numbers, as the model wants its pixels. Where nothing is found, all scores are tiny and their relative
 * error is that of onnxruntime's sigmoid, whose absolute error is about 1e-7; so the photo shows faces. */
const cases: readonly (readonly [file: string, low: number, high: number])[] = [
  ['mnist.onnx', 0, 255],
  ['resnet20_cifar10.onnx', -2, 2],
  ['ultraface_rfb_320.onnx', -1, 1],
  ['yunet_n_320.onnx', 0, 255],
];

/** A photo of faces in the shape and range of an NCHW input, stretched. */
async function photo(shape: readonly number[], low: number, high: number): Promise<Tensor> {
  const [, , height = 1, width = 1] = shape;
  const pixels = await sharp(sharedData('images', 'faces', '1.jpg') as string)
    .resize(width, height, { fit: 'fill' })
    .removeAlpha()
    .raw()
    .toBuffer();
  const area = width * height;
  const data = Float32Array.from({ length: elementCount(shape) }, (_, index) => {
    const pixel = pixels[3 * (index % area) + Math.floor(index / area)] ?? 0;
    return low + ((high - low) * pixel) / 255;
  });
  return { dtype: 'f32', shape, data };
}

interface Answer {
  readonly output: string;
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

async function runPeer(path: string, name: string, { shape, data }: Tensor): Promise<Map<string, Tensor>> {
  const worker = new Worker(join(__dirname, '..', 'vision', 'peer-worker.js'), { workerData: { path } });
  await once(worker, 'message');
  worker.postMessage({ name, shape, data });
  const [answers] = (await once(worker, 'message')) as [readonly Answer[]];
  await worker.terminate();
  return new Map(answers.map(({ output, dims, data: values }) => [output, { dtype: 'f32', shape: dims, data: values }]));
}

if (sharedData('models') === undefined) {
  test.skip('shared data is missing: skipped', () => undefined);
} else {
  test.each(cases)('%s agrees with onnxruntime within 1e-4 of each output', async (file, low, high) => {
    const path = sharedData('models', file) as string;
    const graph = importModel(readModel(readFileSync(path)));
    const [input = ''] = graph.inputs;
    const feed = await photo(graph.types.get(input)?.shape ?? [], low, high);
    const want = await runPeer(path, input, feed);
    for (const variant of [graph, optimize(graph)]) {
      const got = evaluate(variant, new Map([[input, feed]]));
      expect([...got.keys()].sort()).toEqual([...want.keys()].sort());
      for (const [name, tensor] of want) expect(differenceOf(tensor, got.get(name) as Tensor)).toBeLessThanOrEqual(1e-4);
    }
  });
}
