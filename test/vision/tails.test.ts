// Detectors whose graph ends in a part of as many boxes as the picture has: exporters' ways to write it, each held against onnxruntime,
// which runs the whole graph.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from 'onnx-proto';
import { type Shape, type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import type { ImageInput } from '../../runtime/module/manifest.js';
import { readModel } from '../../runtime/onnx/read.js';
import { decodeObjects } from '../../runtime/vision/boxes.js';
import { decodePicture } from '../../runtime/vision/image.js';
import { fitPicture } from '../../runtime/vision/letterbox.js';
import { understand } from '../../runtime/vision/understand.js';
import { sharedData } from '../support/data.js';
import { type ExpectedAnswer, expectedAnswer, expectObjects } from '../support/expected.js';
import { type NodeSketch, writeOnnx } from '../support/onnx-writer.js';
import { normalize, openPeer } from './peer.js';

const side = 32;
const cells = 21; // of strides 8, 16 and 32: 16 + 4 + 1
const classes = 3;
const folder = mkdtempSync(join(tmpdir(), 'onbox-tails-'));
afterAll(() => rmSync(folder, { recursive: true }));

function numbers(shape: Shape, seed: number, scale: number): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensorOf(
    'f32',
    shape,
    Array.from({ length: count }, (_, i) => Math.sin((i + 1) * seed) * scale),
  );
}

const ints = (...values: readonly number[]) => tensorOf('i64', [values.length], values);
const float = (value: number) => tensorOf('f32', [1], [value]);

/** Cell centres in pixels, [1,cells,2]. */
function centres(): Tensor {
  const points = [8, 16, 32].flatMap((stride) =>
    Array.from({ length: (side / stride) ** 2 }, (_, i) => [
      ((i % (side / stride)) + 0.5) * stride,
      (Math.floor(i / (side / stride)) + 0.5) * stride,
    ]),
  );
  return tensorOf('f32', [1, cells, 2], points.flat());
}

/** From the picture to `xy` and `wh` [1,cells,2] in pixels, `cls` [1,cells,classes] and `all`, their concatenation [1,4+classes,cells]. */
const body: readonly NodeSketch[] = [
  ...[8, 16, 32].flatMap((stride): NodeSketch[] => [
    {
      op: 'AveragePool',
      inputs: ['images'],
      outputs: [`p${stride}`],
      attributes: { kernel_shape: [stride, stride], strides: [stride, stride] },
    },
    { op: 'Conv', inputs: [`p${stride}`, 'w', 'b'], outputs: [`c${stride}`] },
    { op: 'Reshape', inputs: [`c${stride}`, 'flat'], outputs: [`f${stride}`] },
  ]),
  { op: 'Concat', inputs: ['f8', 'f16', 'f32'], outputs: ['raw'], attributes: { axis: 2 } },
  { op: 'Sigmoid', inputs: ['raw'], outputs: ['sig'] },
  { op: 'Transpose', inputs: ['sig'], outputs: ['rows'], attributes: { perm: [0, 2, 1] } },
  { op: 'Split', inputs: ['rows', 'parts'], outputs: ['dxy', 'dwh', 'cls'], attributes: { axis: 2 } },
  { op: 'Add', inputs: ['dxy', 'centres'], outputs: ['xy'] },
  { op: 'Mul', inputs: ['dwh', 'size'], outputs: ['wh'] },
  { op: 'Concat', inputs: ['xy', 'wh', 'cls'], outputs: ['decoded'], attributes: { axis: 2 } },
  { op: 'Transpose', inputs: ['decoded'], outputs: ['all'], attributes: { perm: [0, 2, 1] } },
];
const weights: Readonly<Record<string, Tensor>> = {
  w: numbers([4 + classes, 3, 1, 1], 1.7, 4),
  b: numbers([4 + classes], 2.3, 1),
  flat: ints(1, 4 + classes, -1),
  parts: ints(2, 2, classes),
  size: float(24),
  centres: centres(),
};

const corners: readonly NodeSketch[] = [
  { op: 'Mul', inputs: ['wh', 'half'], outputs: ['hwh'] },
  { op: 'Sub', inputs: ['xy', 'hwh'], outputs: ['p1'] },
  { op: 'Add', inputs: ['xy', 'hwh'], outputs: ['p2'] },
  { op: 'Concat', inputs: ['p1', 'p2'], outputs: ['corners'], attributes: { axis: 2 } },
];
const suppress = (boxes: string, scores: string, center = 0): NodeSketch => ({
  op: 'NonMaxSuppression',
  name: 'suppress',
  inputs: [boxes, scores, 'most', 'iou', 'least'],
  outputs: ['picked'],
  attributes: { center_point_box: center },
});
const limits = { half: float(0.5), most: ints(4), iou: float(0.3), least: float(0.55) };
/** Rows of corners x1, y1, x2, y2, score, class, from `picked`, `corners` and `scores`. */
const gathers: readonly NodeSketch[] = [
  { op: 'Gather', inputs: ['picked', 'k1'], outputs: ['class'], attributes: { axis: 1 } },
  { op: 'Gather', inputs: ['picked', 'k02'], outputs: ['place'], attributes: { axis: 1 } },
  { op: 'GatherND', inputs: ['corners', 'place'], outputs: ['box'] },
  { op: 'GatherND', inputs: ['scores', 'picked'], outputs: ['score1'] },
  { op: 'Unsqueeze', inputs: ['score1', 'k1'], outputs: ['score'] },
  { op: 'Cast', inputs: ['class'], outputs: ['classf'], attributes: { to: 1 } },
  { op: 'Concat', inputs: ['box', 'score', 'classf'], outputs: ['detections'], attributes: { axis: 1 } },
];
const columns = { k1: ints(1), k02: ints(0, 2) };
const scores: NodeSketch = { op: 'Transpose', inputs: ['cls'], outputs: ['scores'], attributes: { perm: [0, 2, 1] } };

interface Export {
  readonly nodes: readonly NodeSketch[];
  readonly initializers?: Readonly<Record<string, Tensor>>;
}

function modelOf({ nodes, initializers = {} }: Export, output = 'detections'): Uint8Array {
  return writeOnnx({
    inputs: [{ name: 'images', dims: [1, 3, side, side] }],
    outputs: [output],
    nodes: [...body, ...nodes],
    initializers: { ...weights, ...limits, ...columns, ...initializers },
  });
}

/** A picture of the model's size, the same every time. */
const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => 128 + 127 * Math.sin(i * 0.37 + (i % 3)));
const placement = { width: side, height: side, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };

/** What onbox finds in the picture by the reference evaluation, and the rows that onnxruntime gives for the whole graph. */
async function bothAnswers(model: Uint8Array) {
  const { graph, spec, ends } = understand(readModel(model), {});
  const image = spec.image as ImageInput;
  const input: Tensor = { dtype: 'f32', shape: [1, 3, side, side], data: normalize(pixels, image) };
  const objects = decodeObjects(spec, evaluate(graph, new Map([['images', input]])), placement, {});
  const path = join(folder, 'model.onnx');
  writeFileSync(path, model);
  const peer = await openPeer(path);
  const detections = (await peer.run(pixels, image)).get('detections');
  await peer.close();
  const rows = Array.from({ length: detections?.shape[0] ?? 0 }, (_, i) =>
    Array.from(detections?.data ?? [], Number).slice(6 * i, 6 * i + 6),
  );
  return { objects, rows, ends, head: spec.head?.kind };
}

function asRows(objects: Awaited<ReturnType<typeof bothAnswers>>['objects']): number[][] {
  return objects.map(({ box, confidence, class: index }) => [...box, confidence, index]);
}

/** Best first, boxes cut at the picture's edges as onbox cuts them. */
function inPicture(rows: readonly (readonly number[])[]): number[][] {
  const cut = rows.map((row) => row.map((value, i) => (i < 4 ? Math.min(Math.max(value, 0), side) : value)));
  return cut.sort((a, b) => (b[4] as number) - (a[4] as number));
}

const close = (rows: readonly (readonly number[])[]) => rows.map((row) => row.map((value) => expect.closeTo(value, 3)));

const exported: readonly (readonly [name: string, made: Export, head: string, ends: readonly string[]])[] = [
  ['corners x first', { nodes: [...corners, scores, suppress('corners', 'scores'), ...gathers] }, 'nms', ['corners', 'scores']],
  [
    'corners y first, as shares of the picture',
    {
      nodes: [
        ...corners,
        scores,
        { op: 'Mul', inputs: ['corners', 'unit'], outputs: ['shares'] },
        { op: 'Gather', inputs: ['shares', 'order'], outputs: ['turned'], attributes: { axis: 2 } },
        suppress('turned', 'scores'),
        ...gathers
          .map((node) => (node.outputs[0] === 'box' ? { ...node, inputs: ['shares', 'place'], outputs: ['share'] } : node))
          .slice(0, 3),
        { op: 'Div', inputs: ['share', 'unit'], outputs: ['box'] },
        ...gathers.slice(3),
      ],
      initializers: { unit: float(1 / side), order: ints(1, 0, 3, 2) },
    },
    'nms',
    ['turned', 'scores'],
  ],
  [
    'centres, with limits that are computed from constants',
    {
      nodes: [
        scores,
        { op: 'Concat', inputs: ['xy', 'wh'], outputs: ['boxes'], attributes: { axis: 2 } },
        { op: 'Constant', inputs: [], outputs: ['zero'], attributes: { value: float(0) } },
        { op: 'Add', inputs: ['zero', 'iou'], outputs: ['iou2'] },
        { ...suppress('boxes', 'scores', 1), inputs: ['boxes', 'scores', 'most', 'iou2', 'least'] },
        ...gathers.slice(0, 2),
        { op: 'GatherND', inputs: ['xy', 'place'], outputs: ['xyp'] },
        { op: 'GatherND', inputs: ['wh', 'place'], outputs: ['whp'] },
        { op: 'Mul', inputs: ['whp', 'half'], outputs: ['hwh'] },
        { op: 'Sub', inputs: ['xyp', 'hwh'], outputs: ['p1'] },
        { op: 'Add', inputs: ['xyp', 'hwh'], outputs: ['p2'] },
        { op: 'Concat', inputs: ['p1', 'p2'], outputs: ['box'], attributes: { axis: 1 } },
        ...gathers.slice(3),
      ],
    },
    'nms',
    ['boxes', 'scores'],
  ],
];

test.each(exported)('%s: the same boxes as onnxruntime, at the thresholds of the graph', async (_, made, head, ends) => {
  const answers = await bothAnswers(modelOf(made));
  expect(answers).toMatchObject({ head, ends });
  expect(answers.rows.length).toBeGreaterThan(2);
  expect(asRows(answers.objects)).toEqual(close(inPicture(answers.rows)));
});

/** As YOLOv7 and batched_nms have it: boxes of each class are moved apart, the best class of each box is suppressed. */
const shifted: readonly NodeSketch[] = [
  { op: 'ReduceMax', inputs: ['cls'], outputs: ['best'], attributes: { axes: [2], keepdims: 1 } },
  { op: 'ArgMax', inputs: ['cls'], outputs: ['index'], attributes: { axis: 2, keepdims: 1 } },
  { op: 'Cast', inputs: ['index'], outputs: ['indexf'], attributes: { to: 1 } },
  { op: 'Mul', inputs: ['indexf', 'apart'], outputs: ['shift'] },
  { op: 'Add', inputs: ['corners', 'shift'], outputs: ['shifted'] },
  { op: 'Transpose', inputs: ['best'], outputs: ['scores'], attributes: { perm: [0, 2, 1] } },
];

/** As a mask of Ultralytics' exports: only rows above a threshold are looked at. */
const masked: readonly NodeSketch[] = [
  { op: 'ReduceMax', inputs: ['cls'], outputs: ['best'], attributes: { axes: [2], keepdims: 0 } },
  { op: 'Greater', inputs: ['best', 'least'], outputs: ['mask'] },
  { op: 'NonZero', name: 'rows', inputs: ['mask'], outputs: ['where'] },
  { op: 'Transpose', inputs: ['where'], outputs: ['there'], attributes: { perm: [1, 0] } },
  { op: 'GatherND', inputs: ['decoded', 'there'], outputs: ['detections'] },
];

test.each([
  ['shifted by class', [...corners, ...shifted, suppress('shifted', 'scores'), ...gathers.slice(1, 3)], 'box'],
  ['filtered by a mask', masked, 'detections'],
])('boxes that are %s before suppression: a head reads the last value that all of it depends on', (_, tail, output) => {
  const first: NodeSketch[] = [{ op: 'Transpose', inputs: ['all'], outputs: ['again'], attributes: { perm: [0, 2, 1] } }];
  const again = tail.map((node) => ({ ...node, inputs: node.inputs.map((name) => (name === 'decoded' ? 'again' : name)) }));
  const split: NodeSketch = { op: 'Split', inputs: ['again', 'parts'], outputs: ['xy', 'wh', 'cls'], attributes: { axis: 2 } };
  const renamed = body.map((node) => ({
    ...node,
    inputs: node.inputs.map((name) => (['xy', 'wh', 'cls'].includes(name) ? `${name}0` : name)),
    outputs: node.outputs.map((name) => (['xy', 'wh', 'cls'].includes(name) ? `${name}0` : name)),
  }));
  const model = writeOnnx({
    inputs: [{ name: 'images', dims: [1, 3, side, side] }],
    outputs: [output],
    nodes: [...renamed, ...first, split, ...again],
    initializers: { ...weights, ...limits, ...columns, apart: float(4096) },
    metadata: { names: "{0: 'a', 1: 'b', 2: 'c'}" },
    opset: 13,
  });
  const { spec, ends } = understand(readModel(model), {});
  expect({ head: spec.head?.kind, ends }).toEqual({ head: 'yolov8', ends: ['all'] });
});

describe('what no head can read', () => {
  const odd = modelOf({ nodes: [{ op: 'Unique', name: 'where', inputs: ['cls'], outputs: ['detections'] }] });

  test('the error names the node and the cut to try, and that cut compiles', () => {
    expect(() => understand(readModel(odd), { task: 'classify' })).toThrow(/Unique .*"where".*--cut "cls"/);
    const { graph, spec } = understand(readModel(odd), { cut: ['cls'] });
    expect(graph.outputs.map(({ name }) => name)).toEqual(['cls']);
    expect(spec.task).toBe('other');
  });

  test('a cut at a value that is not there is refused', () => {
    expect(() => understand(readModel(odd), { cut: ['nowhere'] })).toThrow('no node computes "nowhere"');
  });

  test('a shape that comes from the picture is named with its node and the cut to try, or read before', () => {
    const nodes: readonly NodeSketch[] = [
      { op: 'ReduceMax', inputs: ['cls'], outputs: ['top'], attributes: { keepdims: 0 } },
      { op: 'Cast', inputs: ['top'], outputs: ['count'], attributes: { to: 7 } },
      { op: 'TopK', name: 'best', inputs: ['cls', 'count'], outputs: ['detections', 'where'] },
    ];
    const model = readModel(modelOf({ nodes }));
    expect(() => understand(model, { task: 'classify' })).toThrow(
      /TopK "best": its k, "count", depends on .*dimensions of "detections", "where" are not known; .*--cut "cls" --cut "count"/,
    );
    expect(understand(model, {}).spec.task).toBe('detect');
  });

  test('a long model with a tail of thousands of strange operators is read in bounded time', () => {
    const chain = (op: string, from: string, count: number) =>
      Array.from(
        { length: count },
        (_, i): NodeSketch => ({ op, inputs: [i === 0 ? from : `${op}${i}`], outputs: [`${op}${i + 1}`] }),
      );
    const nodes = [...chain('Relu', 'cls', 4000), ...chain('Strange', 'Relu4000', 4000)];
    expect(() => understand(readModel(modelOf({ nodes }, 'Strange4000')), { task: 'classify' })).toThrow('Strange');
  });

  test('a limit that depends on the picture is left to whoever asks', () => {
    const nodes: readonly NodeSketch[] = [
      ...corners,
      scores,
      { op: 'ReduceMax', inputs: ['cls'], outputs: ['top'], attributes: { keepdims: 0 } },
      { ...suppress('corners', 'scores'), inputs: ['corners', 'scores', 'most', 'iou', 'top'] },
      ...gathers,
    ];
    const { spec } = understand(readModel(modelOf({ nodes })), {});
    expect(spec.head).toMatchObject({ kind: 'nms', parameters: { perClass: 4, iou: Math.fround(0.3) } });
    expect(spec.head?.parameters).not.toHaveProperty('minConfidence');
  });
});

const path = sharedData('models', 'yolov5n_640_nms.onnx');
(path === undefined ? test.skip : test)('yolov5n with suppression inside finds what onnxruntime finds in a photo', async () => {
  const bytes = readFileSync(path as string);
  const { spec } = understand(readModel(bytes), {});
  const image = spec.image as ImageInput;
  const proto = onnx.ModelProto.decode(bytes);
  proto.graph?.output?.push({ name: 'nms_boxes' }, { name: 'nms_scores' });
  const opened = join(folder, 'yolov5n.onnx');
  writeFileSync(opened, onnx.ModelProto.encode(proto).finish());
  const answer = expectedAnswer('yolov5n_640_nms') as ExpectedAnswer;
  const picture = await decodePicture(readFileSync(sharedData('images', answer.image) as string));
  const fitted = fitPicture(picture, image);
  const peer = await openPeer(opened);
  const outputs = await peer.run(fitted.pixels, image);
  await peer.close();
  const objects = decodeObjects(spec, outputs, fitted.placement, {});
  expectObjects(objects, answer, picture);
  expect(objects).toHaveLength(outputs.get('detections')?.shape[0] ?? 0);
});
