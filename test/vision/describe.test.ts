// What is guessed of a model from shapes, names, metadata and the end of its graph, and what overrides it.

import type { Shape } from '../../runtime/core/tensor.js';
import type { Graph, Node } from '../../runtime/graph/graph.js';
import { describe as describeModel } from '../../runtime/vision/describe.js';
import type { ModelFacts } from '../../runtime/vision/heads/head.js';

type Shapes = Readonly<Record<string, Shape>>;

function facts(inputs: Shapes, outputs: Shapes, metadata: Readonly<Record<string, string>> = {}, graph?: Graph): ModelFacts {
  const types = (shapes: Shapes) => Object.entries(shapes).map(([name, shape]) => ({ name, dtype: 'f32' as const, shape }));
  const known = { inputs: types(inputs), outputs: types(outputs), metadata: new Map(Object.entries(metadata)) };
  return graph === undefined ? known : { ...known, graph };
}

/** A graph that ends in these operators, the last one first; its output is `y`. */
function endingIn(...ops: readonly string[]): Graph {
  const nodes = ops.map(
    (op, index): Node => ({ op, inputs: [`v${index + 1}`], outputs: [index === 0 ? 'y' : `v${index}`], attributes: {} }),
  );
  const outputs = [{ name: 'y', value: 'y' }];
  return { inputs: [], outputs, nodes: nodes.reverse(), types: new Map(), constants: new Map(), layouts: new Map() };
}

const square640 = { images: [1, 3, 640, 640] };

test.each([
  ['yolov5', square640, { out: [1, 25_200, 85] }, 80],
  ['yolov5', square640, { out: [1, 25_200, 6], a: [1, 3, 80, 80, 6], b: [1, 3, 40, 40, 6], c: [1, 3, 20, 20, 6] }, 1],
  ['yolov5', { images: [1, 3, 640, 480] }, { out: [1, 18_900, 85] }, 80],
  ['yolov5', { images: [1, 3, 1280, 1280] }, { out: [1, 102_000, 85] }, 80],
  ['yolov8', square640, { out: [1, 84, 8400] }, 80],
  ['yolov8', { images: [1, 3, 320, 640] }, { out: [1, 7, 4200] }, 3],
  ['yolox', { images: [1, 3, 416, 416] }, { out: [1, 3549, 85] }, 80],
  ['nanodet', { x: [1, 3, 320, 320] }, nanodetShapes(80), 80],
  ['nanodet', { x: [1, 3, 320, 320] }, nanodetShapes(32), 32],
])('%s is found by its shapes: input %j', (kind, inputs, outputs, classes) => {
  expect(describeModel(facts(inputs as Shapes, outputs as Shapes))).toMatchObject({
    task: 'detect',
    head: { kind, parameters: { classes } },
  });
});

function nanodetShapes(classes: number): Shapes {
  const levels = [1600, 400, 100];
  return Object.fromEntries([
    ...levels.map((cells, i) => [`cls${i}`, [1, cells, classes]] as const),
    ...levels.map((cells, i) => [`dis${i}`, [1, cells, 32]] as const),
  ]);
}

test('YOLO wants RGB in 0..1 on grey 114, YOLOX BGR in 0..255', () => {
  expect(describeModel(facts(square640, { out: [1, 84, 8400] })).image).toEqual({
    input: 'images',
    width: 640,
    height: 640,
    colors: 'rgb',
    mean: [0, 0, 0],
    std: [255, 255, 255],
    channelsLast: false,
    fit: 'letterbox',
    anchor: 'top-left',
    fill: 114,
    cropShare: 1,
  });
  expect(describeModel(facts({ x: [1, 3, 416, 416] }, { out: [1, 3549, 85] })).image).toMatchObject({
    colors: 'bgr',
    std: [1, 1, 1],
    fill: 114,
  });
});

test('labels come from metadata, then from what 80 classes usually are', () => {
  const names = "{0: 'cat', 1: 'dog'}";
  expect(describeModel(facts(square640, { out: [1, 6, 8400] }, { names })).labels).toEqual(['cat', 'dog']);
  expect(describeModel(facts(square640, { out: [1, 84, 8400] })).labels[0]).toBe('person');
  expect(describeModel(facts(square640, { out: [1, 6, 8400] })).labels).toEqual([]);
});

test('rows below the named classes are masks or points, not classes', () => {
  const described = describeModel(
    facts(square640, { out: [1, 4 + 2 + 32, 8400] }, { task: 'segment', names: "{0: 'a', 1: 'b'}" }),
  );
  expect(described.head?.parameters).toMatchObject({ rows: 38, classes: 2 });
});

test('turned boxes are not read as upright ones', () => {
  expect(describeModel(facts(square640, { out: [1, 20, 8400] }, { task: 'obb' }))).toMatchObject({ task: 'other' });
});

test.each([
  [['softmax'], 'probabilities'],
  [['reshape', 'softmax', 'gemm'], 'probabilities'],
  [['sigmoid'], 'probabilities'],
  [['reshape', 'log-softmax'], 'log-probabilities'],
  [['gemm', 'softmax'], 'logits'],
  [[], 'logits'],
])('a classifier that ends in %j answers with %s', (ops, scores) => {
  const described = describeModel(facts({ x: [1, 3, 224, 224] }, { y: [1, 1000] }, {}, endingIn(...ops)));
  expect(described).toMatchObject({ task: 'classify', head: { parameters: { scores } } });
});

test('classifiers get the convention of their input: ImageNet, CIFAR, MNIST, Ultralytics', () => {
  const imageOf = (shape: Shape, metadata = {}) => describeModel(facts({ x: shape }, { y: [1, 10] }, metadata)).image;
  expect(imageOf([1, 3, 224, 224])).toMatchObject({
    fit: 'crop',
    cropShare: 0.875,
    mean: [123.675, 116.28, expect.closeTo(103.53)],
  });
  expect(imageOf([1, 3, 227, 227])?.cropShare).toBe(227 / 256);
  expect(imageOf([1, 3, 299, 299])?.cropShare).toBe(0.875);
  expect(imageOf([1, 3, 32, 32])).toMatchObject({ fit: 'stretch', colors: 'rgb' });
  expect(imageOf([1, 1, 28, 28])).toMatchObject({ fit: 'stretch', colors: 'gray', mean: [0], std: [1] });
  expect(imageOf([1, 3, 224, 224], { task: 'classify' })).toMatchObject({ fit: 'crop', cropShare: 1, std: [255, 255, 255] });
});

test('channels last is seen, and what takes no picture says so', () => {
  expect(describeModel(facts({ x: [1, 224, 192, 3] }, { y: [1, 1000] })).image).toMatchObject({
    width: 192,
    height: 224,
    channelsLast: true,
  });
  expect(describeModel(facts({ x: [1, 128] }, { y: [1, 10] }))).toEqual({ task: 'other', labels: [] });
});

test('a power of two of unnamed numbers is an appearance vector, unless someone says otherwise', () => {
  const known = facts({ x: [1, 3, 256, 128] }, { y: [1, 512] });
  expect(describeModel(known)).toMatchObject({ task: 'embed' });
  expect(describeModel(known, { task: 'classify' })).toMatchObject({ task: 'classify', head: { kind: 'classify' } });
  expect(describeModel(known, { head: 'classify' })).toMatchObject({ task: 'classify' });
});

test('what a person says goes before every guess', () => {
  const known = facts({ other: [1, 3, 8, 8], images: [1, 3, 416, 416] }, { out: [1, 3549, 7] });
  const image = {
    input: 'images',
    colors: 'rgb',
    mean: [1, 2, 3],
    std: [4],
    fit: 'stretch',
    anchor: 'center',
    fill: 0,
  } as const;
  expect(describeModel(known, { labels: ['a', 'b'], image })).toMatchObject({
    labels: ['a', 'b'],
    image: { ...image, width: 416, std: [4, 4, 4] },
  });
});

test('turning RGB into BGR turns the usual mean and deviation too', () => {
  const { image } = describeModel(facts({ x: [1, 3, 224, 224] }, { y: [1, 1000] }), { image: { colors: 'bgr' } });
  expect(image?.mean).toEqual([expect.closeTo(103.53), 116.28, 123.675]);
});

test.each([
  [{ head: 'yolov9' }, 'head-unknown', 'head "yolov9" is unknown; onbox has nms, yunet, nanodet'],
  [{ head: 'yolov5' }, 'head-mismatch', 'head yolov5 does not fit the outputs: "out" f32[1,84,8400]'],
  [{ task: 'classify' }, 'head-mismatch', 'no head for the task classify fits the outputs'],
  [{ labels: ['a'] }, 'labels-invalid', '1 labels are given, the model tells 80 classes apart'],
  [{ image: { input: 'nope' } }, 'image-input', 'the model has no input "nope"'],
  [{ image: { colors: 'gray' } }, 'image-input', 'has 3 channels, image.colors "gray" does not fit'],
  [{ image: { mean: [1, 2] } }, 'image-input', 'image.mean has 2 numbers, the input has 3 channels'],
  [{ image: { std: [0] } }, 'image-input', 'image.std should not be 0'],
  [{ image: { std: [Number.NaN] } }, 'image-input', 'should be finite'],
  [{ image: { fill: 256 } }, 'image-input', 'image.fill should be 0 to 255, it is 256'],
  [{ image: { cropShare: 0 } }, 'image-input', 'image.cropShare should be above 0'],
] as const)('%j does not fit and is told why', (overrides, code, message) => {
  expect(() => describeModel(facts(square640, { out: [1, 84, 8400] }), overrides)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  );
});
