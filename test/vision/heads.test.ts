// Each head on a few numbers set by hand, where every box can be worked out on paper.

import { type Shape, type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import type { HeadSpec, VisionSpec } from '../../runtime/module/manifest.js';
import { type DetectedObject, decodeObjects } from '../../runtime/vision/boxes.js';
import { decodeClasses } from '../../runtime/vision/classes.js';
import { headOf, heads } from '../../runtime/vision/heads/index.js';
import type { Placement } from '../../runtime/vision/letterbox.js';
import { cheapestMs } from './timing.js';

/** Model pixels are picture pixels. */
const same: Placement = { width: 1000, height: 1000, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };
const limits = { minConfidence: 0.5, iou: 0.5, max: 10 };

function zeros(shape: Shape): { tensor: Tensor; set(values: Readonly<Record<number, number>>): void } {
  const tensor = tensorOf('f32', shape, []);
  return {
    tensor,
    set: (values) => {
      for (const [index, value] of Object.entries(values)) tensor.data[Number(index)] = value;
    },
  };
}

function decode(head: HeadSpec, outputs: Readonly<Record<string, Tensor>>, placement = same): DetectedObject[] {
  const spec: VisionSpec = { task: 'detect', labels: [], head };
  return decodeObjects(spec, new Map(Object.entries(outputs)), placement, limits);
}

test('yolov5: centre and size become corners, the score is objectness times class', () => {
  const { tensor, set } = zeros([1, 3, 7]);
  set({ 7: 100, 8: 50, 9: 20, 10: 10, 11: 0.9, 12: 0.2, 13: 0.8, 18: 0.6, 19: 0.7 });
  const objects = decode({ kind: 'yolov5', parameters: { output: 'y', anchors: 3, classes: 2 } }, { y: tensor });
  expect(objects).toEqual([{ label: 'class 1', class: 1, confidence: expect.closeTo(0.72), box: [90, 45, 110, 55] }]);
});

test('yolov8: rows are coordinates and classes, columns are cells', () => {
  const { tensor, set } = zeros([1, 6, 4]);
  set({ 2: 100, 6: 50, 10: 20, 14: 10, 18: 0.6, 22: 0.8, 19: 0.4, 23: 0.3 });
  const parameters = { output: 'y', rows: 6, cells: 4, classes: 2 };
  expect(decode({ kind: 'yolov8', parameters }, { y: tensor })).toEqual([
    { label: 'class 1', class: 1, confidence: expect.closeTo(0.8), box: [90, 45, 110, 55] },
  ]);
});

test('yolox: offsets are from the cell, sizes are exponents, both in strides', () => {
  const { tensor, set } = zeros([1, 5, 6]);
  // A 16x16 input has four cells of stride 8 and one of stride 16; the cell in column 1, row 1 is number 3.
  set({ 18: 0.5, 19: -0.5, 20: Math.log(2), 21: 0, 22: 1, 23: 0.75 });
  const parameters = { output: 'y', classes: 1, width: 16, height: 16, strides: [8, 16] };
  expect(decode({ kind: 'yolox', parameters }, { y: tensor })).toEqual([
    { label: 'class 0', class: 0, confidence: 0.75, box: [4, 0, 20, 8].map((side) => expect.closeTo(side, 4)) },
  ]);
});

test('nanodet: distances are means of distributions over bins', () => {
  const scores = zeros([1, 4, 2]);
  const distances = zeros([1, 4, 32]);
  scores.set({ 7: 0.9 });
  // Cell 3 has its centre at 12, 12. Left and top are sure of bin 1, right wavers between 1 and 2, bottom is even over 0..7.
  distances.set({ [96 + 1]: 100, [96 + 8 + 1]: 100, [96 + 16 + 1]: 100, [96 + 16 + 2]: 100 });
  const parameters = { scores: ['s'], distances: ['d'], classes: 2, width: 16, height: 16, strides: [8] };
  expect(decode({ kind: 'nanodet', parameters }, { s: scores.tensor, d: distances.tensor })).toEqual([
    { label: 'class 1', class: 1, confidence: expect.closeTo(0.9), box: [4, 4, 24, 40].map((side) => expect.closeTo(side, 4)) },
  ]);
});

test('ultraface: corners are shares of the input', () => {
  const scores = zeros([1, 2, 2]);
  const boxes = zeros([1, 2, 4]);
  scores.set({ 2: 0.1, 3: 0.9 });
  boxes.set({ 4: 0.25, 5: 0.5, 6: 0.5, 7: 0.75 });
  const parameters = { scores: 's', boxes: 'b', count: 2, width: 320, height: 240 };
  expect(decode({ kind: 'ultraface', parameters }, { s: scores.tensor, b: boxes.tensor })[0]?.box).toEqual([80, 120, 160, 180]);
});

test('yunet: the score is a geometric mean, and landmarks are placed as boxes are', () => {
  const outputs = { cls_8: zeros([1, 4, 1]), obj_8: zeros([1, 4, 1]), bbox_8: zeros([1, 4, 4]), kps_8: zeros([1, 4, 10]) };
  outputs.cls_8.set({ 1: 0.9 });
  outputs.obj_8.set({ 1: 0.4 });
  outputs.bbox_8.set({ 4: 0.5, 5: 0.5 });
  outputs.kps_8.set({ 10: 1, 11: 0.5 });
  const tensors = Object.fromEntries(Object.entries(outputs).map(([name, { tensor }]) => [name, tensor]));
  const doubled = { ...same, scaleX: 2, scaleY: 2 };
  const [face] = decode({ kind: 'yunet', parameters: { width: 16, height: 16, strides: [8] } }, tensors, doubled);
  expect(face?.confidence).toBeCloseTo(0.6);
  expect(face?.box).toEqual([4, 0, 8, 4]);
  expect(face?.landmarks).toEqual([
    [8, 2],
    [4, 0],
    [4, 0],
    [4, 0],
    [4, 0],
  ]);
});

test('boxes with numbers that are none are no objects', () => {
  const { tensor, set } = zeros([1, 2, 6]);
  set({ 0: Number.NaN, 4: 1, 5: 1, 6: 10, 7: 10, 8: Number.POSITIVE_INFINITY, 9: 4, 10: 1, 11: 1 });
  expect(decode({ kind: 'yolov5', parameters: { output: 'y', anchors: 2, classes: 1 } }, { y: tensor })).toEqual([]);
  set({ 4: Number.NaN, 11: Number.NaN });
  expect(decode({ kind: 'yolov5', parameters: { output: 'y', anchors: 2, classes: 1 } }, { y: tensor })).toEqual([]);
});

test('outputs that are not what the head was promised are refused by name', () => {
  const head = { kind: 'yolov5', parameters: { output: 'y', anchors: 3, classes: 2 } };
  const refusal = (message: string) =>
    expect.objectContaining({ code: 'head-mismatch', message: expect.stringContaining(message) });
  expect(() => decode(head, {})).toThrow(refusal('output "y" of f32[1,3,7] is missing'));
  expect(() => decode(head, { y: tensorOf('f32', [1, 3, 6], []) })).toThrow(
    refusal('"y" should be f32[1,3,7], it is f32[1,3,6]'),
  );
  expect(() => decode(head, { y: tensorOf('u8', [1, 3, 7], []) })).toThrow(refusal('u8[1,3,7]'));
  expect(() => decode({ kind: 'yolov5', parameters: { output: 'y' } }, {})).toThrow(refusal('"anchors" should be a number'));
});

test('a head of one task is not used for another', () => {
  const outputs = new Map([['y', tensorOf('f32', [1, 2], [0, 1])]]);
  const head = { kind: 'classify', parameters: { output: 'y', classes: 2, scores: 'logits' } };
  expect(() => decodeObjects({ task: 'detect', labels: [], head }, outputs, same, limits)).toThrow(
    expect.objectContaining({ code: 'head-task' }),
  );
  expect(() => decodeClasses({ task: 'other', labels: [] }, outputs, { top: 1 })).toThrow(
    expect.objectContaining({ code: 'head-missing' }),
  );
});

test.each([
  ['logits', [0, Math.log(3), 1000 - 1000], [0.2, 0.6, 0.2]],
  ['log-probabilities', [Math.log(0.2), Math.log(0.6), Math.log(0.2)], [0.2, 0.6, 0.2]],
  ['probabilities', [0.2, 0.6, 0.2], [0.2, 0.6, 0.2]],
])('classify makes probabilities of %s, the most probable first, equals by index', (scores, values, probabilities) => {
  const head = { kind: 'classify', parameters: { output: 'y', classes: 3, scores } };
  const outputs = new Map([['y', tensorOf('f32', [1, 3, 1, 1], values)]]);
  expect(decodeClasses({ task: 'classify', labels: ['a', 'b'], head }, outputs, { top: 10 })).toEqual([
    { label: 'b', class: 1, confidence: expect.closeTo(probabilities[1] ?? 0) },
    { label: 'a', class: 0, confidence: expect.closeTo(probabilities[0] ?? 0) },
    { label: 'class 2', class: 2, confidence: expect.closeTo(probabilities[2] ?? 0) },
  ]);
});

test('large logits do not overflow, and top may ask for none', () => {
  const head = { kind: 'classify', parameters: { output: 'y', classes: 2, scores: 'logits' } };
  const spec: VisionSpec = { task: 'classify', labels: [], head };
  const outputs = new Map([['y', tensorOf('f32', [1, 2], [5000, 4000])]]);
  expect(decodeClasses(spec, outputs, { top: 1 })).toEqual([{ label: 'class 0', class: 0, confidence: 1 }]);
  expect(decodeClasses(spec, outputs, { top: 0 })).toEqual([]);
});

test('every head is found by its kind', () => {
  expect(heads.map((head) => headOf(head.kind))).toEqual(heads);
  expect(() => headOf('ssd')).toThrow(expect.objectContaining({ code: 'head-unknown' }));
});

test.each([
  ['yolov5', { output: 'y', anchors: 25_200, classes: 80 }, [1, 25_200, 85]],
  ['yolov8', { output: 'y', rows: 84, cells: 8400, classes: 80 }, [1, 84, 8400]],
] as const)('%s is decoded in little time even if every anchor is a candidate', async (kind, parameters, shape) => {
  const tensor = tensorOf('f32', shape, []);
  (tensor.data as Float32Array).fill(0.9);
  const head = { kind, parameters };
  expect(decode(head, { y: tensor })).toHaveLength(1);
  expect(await cheapestMs(() => decode(head, { y: tensor }))).toBeLessThan(200);
});
