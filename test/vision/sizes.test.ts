// The size that a model gets which leaves the size of its picture open.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { readModel } from '../../runtime/onnx/read.js';
import { compileFile } from '../../runtime/vision/compile.js';
import { openModel } from '../../runtime/vision/model.js';
import { understand } from '../../runtime/vision/understand.js';
import { sharedData } from '../support/data.js';
import { type ModelSketch, type NodeSketch, writeOnnx } from '../support/onnx-writer.js';

const weight = (...shape: readonly number[]): Tensor => tensorOf('f32', shape, []);

function sizeOf(sketch: Partial<ModelSketch> & Pick<ModelSketch, 'nodes'>): readonly (number | undefined)[] {
  const model = writeOnnx({ inputs: [{ name: 'x', dims: ['n', 3, 'h', 'w'] }], outputs: ['y'], ...sketch });
  const { spec } = understand(readModel(model), {});
  return [spec.image?.width, spec.image?.height];
}

/** One box a cell of strides 8, 16 and 32, as YOLOv8's output. */
const detector: readonly NodeSketch[] = [
  ...[8, 16, 32].flatMap((stride): NodeSketch[] => [
    { op: 'Conv', inputs: ['x', `w${stride}`], outputs: [`c${stride}`], attributes: { strides: [stride, stride] } },
    { op: 'Reshape', inputs: [`c${stride}`, 'flat'], outputs: [`f${stride}`] },
  ]),
  { op: 'Concat', inputs: ['f8', 'f16', 'f32'], outputs: ['y'], attributes: { axis: 2 } },
];
const detectorWeights = {
  ...Object.fromEntries([8, 16, 32].map((stride) => [`w${stride}`, weight(7, 3, stride, stride)])),
  flat: tensorOf('i64', [3], [1, 7, -1]),
};
const averaged: readonly NodeSketch[] = [
  { op: 'GlobalAveragePool', inputs: ['x'], outputs: ['p'] },
  { op: 'Flatten', inputs: ['p'], outputs: ['f'] },
  { op: 'Gemm', inputs: ['f', 'w'], outputs: ['y'] },
];

test('a detector gets 640 pixels, a classifier 224', () => {
  expect(sizeOf({ nodes: detector, initializers: detectorWeights })).toEqual([640, 640]);
  expect(sizeOf({ nodes: averaged, initializers: { w: weight(3, 10) } })).toEqual([224, 224]);
});

test('what Ultralytics wrote into the metadata goes before', () => {
  const model = { nodes: detector, initializers: detectorWeights };
  expect(sizeOf({ ...model, metadata: { imgsz: '[384, 640]' } })).toEqual([640, 384]);
  expect(sizeOf({ ...model, metadata: { imgsz: '320' } })).toEqual([320, 320]);
});

test('a graph that takes one size only gets that one', () => {
  const nodes: readonly NodeSketch[] = [
    { op: 'Flatten', inputs: ['x'], outputs: ['f'] },
    { op: 'Gemm', inputs: ['f', 'w'], outputs: ['y'] },
  ];
  expect(sizeOf({ nodes, initializers: { w: weight(3 * 32 * 32, 10) } })).toEqual([32, 32]);
  expect(() => sizeOf({ nodes, initializers: { w: weight(3 * 33 * 33, 10) } })).toThrow('Gemm');
});

test('channels may be last, and open dimensions beside fixed ones', () => {
  const nodes: readonly NodeSketch[] = [
    { op: 'ReduceMean', inputs: ['x'], outputs: ['p'], attributes: { axes: [1, 2], keepdims: 0 } },
    { op: 'Gemm', inputs: ['p', 'w'], outputs: ['y'] },
  ];
  const inputs = [{ name: 'x', dims: ['n', 96, 'w', 3] }];
  expect(sizeOf({ inputs, nodes, initializers: { w: weight(3, 10) } })).toEqual([224, 96]);
});

test('what is no picture stays open, and the error says which dimension', () => {
  const nodes: readonly NodeSketch[] = [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }];
  expect(() => sizeOf({ inputs: [{ name: 'x', dims: [1, 'length'] }], nodes })).toThrow('dimension "length" (axis 1)');
});

test('a model compiled for two sizes answers a picture in the size of its proportions', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'onbox-sizes-'));
  const onnx = join(folder, 'model.onnx');
  const outFolder = join(folder, 'module');
  const sketch = { inputs: [{ name: 'x', dims: ['n', 3, 'h', 'w'] }], outputs: ['y'], nodes: detector };
  writeFileSync(onnx, writeOnnx({ ...sketch, initializers: detectorWeights }));
  const inputs = { x: [1, 3, 32, 64] };
  await compileFile(onnx, { name: 'two', outFolder, inputs, otherInputs: [{ x: [1, 3, 64, 32] }], threads: 1 });
  const model = await openModel(outFolder, { threads: 1 });
  expect(model.session.manifest).toMatchObject({ otherSizes: 1, image: { width: 64, height: 32 } });
  for (const [width, height] of [
    [80, 40],
    [40, 80],
  ] as const) {
    const { image, objects } = await model.detect({ width, height, data: new Uint8Array(width * height * 3) });
    expect({ image, objects }).toEqual({ image: { width, height }, objects: [] });
  }
  await model.close();
  const several = {
    name: 'none',
    outFolder: join(folder, 'none'),
    inputs: { x: [1, 3, 32, 32] },
    otherInputs: [{ x: [1, 3, 33, 33] }],
  };
  await expect(compileFile(onnx, several)).rejects.toMatchObject({ code: 'sizes-invalid' });
  expect(existsSync(several.outFolder)).toBe(false);
  rmSync(folder, { recursive: true });
});

const path = sharedData('models', 'yolov5n_dynamic.onnx');
(path === undefined ? test.skip : test)('yolov5n with open dimensions is read at 640x640, and at what is asked for', () => {
  const model = readModel(readFileSync(path as string));
  expect(understand(model, {}).spec).toMatchObject({ image: { width: 640, height: 640 }, head: { kind: 'yolov5' } });
  const wide = understand(model, { inputs: { images: [1, 3, 384, 640] } });
  expect(wide.spec).toMatchObject({ image: { width: 640, height: 384 }, head: { parameters: { anchors: 15120 } } });
});
