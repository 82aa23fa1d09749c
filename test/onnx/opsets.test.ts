// Traps: what the same operator means from one opset to the next.

import { type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import type { NodeSketch } from '../support/onnx-writer.js';
import { f32, i64, importNode, importSketch, only, shapeOf } from './sketches.js';

test('Slice: attributes before 10, inputs after; far ends, negative steps', () => {
  const old = importNode({ op: 'Slice', attributes: { starts: [1, -3], ends: [100, 2 ** 62], axes: [0, 1] } }, [4, 8], {
    opset: 9,
  });
  expect(only(old)).toEqual({ op: 'slice', starts: [1, 5], steps: [1, 1], sizes: [3, 3] });
  const back = importNode({ op: 'Slice', inputs: ['x', 's', 'e', 'a', 't'] }, [4, 8], {
    initializers: { s: i64(-1), e: i64(-(2 ** 62)), a: i64(-1), t: i64(-2) },
  });
  expect(only(back)).toEqual({ op: 'slice', starts: [0, 7], steps: [1, -2], sizes: [4, 4] });
});

test('Clip: attributes before 11, then inputs of which either may be missing', () => {
  expect(only(importNode({ op: 'Clip', attributes: { min: 0, max: 6 } }, [2], { opset: 6 + 4 }))).toEqual({
    op: 'clip',
    min: 0,
    max: 6,
  });
  const upper = importNode({ op: 'Clip', inputs: ['x', '', 'six'] }, [2], {
    initializers: { six: tensorOf('f32', [], [6]) },
  });
  expect(only(upper)).toEqual({ op: 'clip', min: -Infinity, max: 6 });
});

test('Softmax before 13 flattens at axis 1, unless one axis is all there is', () => {
  const flat = importNode({ op: 'Softmax' }, [2, 3, 4], { opset: 11 });
  expect(flat.nodes.map((node) => node.op)).toEqual(['reshape', 'softmax', 'reshape']);
  expect(only(importNode({ op: 'Softmax' }, [2, 3, 1, 1], { opset: 11 }))).toEqual({ op: 'softmax', axis: 1 });
  expect(only(importNode({ op: 'Softmax' }, [2, 3, 4]))).toEqual({ op: 'softmax', axis: 2 });
});

test('Split: attribute before 13, then input, num_outputs from 18 with a smaller last part', () => {
  const split = (node: Partial<NodeSketch>, opset: number, initializers: Record<string, Tensor> = {}) =>
    importSketch({
      inputs: [{ name: 'x', dims: [7] }],
      outputs: ['a', 'b'],
      nodes: [{ op: 'Split', inputs: ['x'], outputs: ['a', 'b'], ...node }],
      opset,
      initializers,
    });
  expect(only(split({ attributes: { split: [3, 4] } }, 11))).toEqual({ op: 'split', axis: 0, sizes: [3, 4] });
  expect(only(split({ inputs: ['x', 's'] }, 13, { s: i64(5, 2) }))).toEqual({ op: 'split', axis: 0, sizes: [5, 2] });
  expect(only(split({ attributes: { num_outputs: 2 } }, 18))).toEqual({ op: 'split', axis: 0, sizes: [4, 3] });
});

test('Pad: negative pads crop, axes choose', () => {
  const graph = importNode({ op: 'Pad', inputs: ['x', 'p', '', 'a'] }, [2, 5], {
    initializers: { p: i64(-1, 2), a: i64(1) },
    opset: 18,
  });
  expect(graph.nodes.map(({ op, attributes }) => ({ op, ...attributes }))).toEqual([
    { op: 'slice', starts: [0, 1], steps: [1, 1], sizes: [2, 4] },
    { op: 'pad', mode: 'constant', pads: [0, 0, 0, 2], value: 0 },
  ]);
});

test('Resize: opset 10 implies asymmetric, 11 defaults to half_pixel, empty tensors are missing ones', () => {
  const scales = f32(1, 1, 2, 2);
  const ten = importNode({ op: 'Resize', inputs: ['x', 's'] }, [1, 1, 2, 2], { initializers: { s: scales }, opset: 10 });
  expect(only(ten)).toMatchObject({ coordinates: 'asymmetric', nearest: 'floor', sizes: [1, 1, 4, 4] });
  const empty = { roi: f32(), s: scales };
  const eleven = importNode({ op: 'Resize', inputs: ['x', 'roi', 's'] }, [1, 1, 2, 2], { initializers: empty, opset: 11 });
  expect(only(eleven)).toMatchObject({
    coordinates: 'half_pixel',
    nearest: 'round_prefer_floor',
    scales: [1, 1, 2, 2],
    roi: [],
  });
  const sized = importNode({ op: 'Resize', inputs: ['x', '', 'e', 'z'], attributes: { axes: [2, 3] } }, [1, 1, 2, 4], {
    initializers: { e: f32(), z: i64(3, 2) },
    opset: 18,
  });
  expect(only(sized)).toMatchObject({ sizes: [1, 1, 3, 2], scales: [1, 1, 1.5, 0.5] });
});

test('Resize: a position that roundings keep from the middle of two elements counts as it', () => {
  const nearest = (op: Record<string, string>, extent: number, size: number) => {
    const attributes = { mode: 'nearest', ...op };
    const graph = importNode({ op: 'Resize', inputs: ['x', '', '', 'sizes'], attributes }, [1, 1, 1, extent], {
      initializers: { sizes: i64(1, 1, 1, size) },
    });
    const x = tensorOf(
      'f32',
      [1, 1, 1, extent],
      Array.from({ length: extent }, (_, i) => i),
    );
    return Array.from(evaluate(graph, new Map([['x', x]])).get('y')?.data as Float32Array);
  };
  const [asymmetric, half] = ['asymmetric', 'half_pixel'].map((mode) => ({ coordinate_transformation_mode: mode }));
  // What onnxruntime gives.
  expect(nearest({ ...asymmetric, nearest_mode: 'round_prefer_ceil' }, 7, 8)).toEqual([0, 1, 2, 3, 4, 4, 5, 6]);
  expect(nearest({ ...asymmetric, nearest_mode: 'round_prefer_floor' }, 11, 26).slice(11, 15)).toEqual([5, 5, 5, 6]);
  expect(nearest({ ...half, nearest_mode: 'round_prefer_ceil' }, 14, 1)).toEqual([7]);
});

test('auto_pad SAME gives ceil(extent / stride), the odd pixel at the end or at the beginning', () => {
  const pads = (mode: string) =>
    only(importNode({ op: 'MaxPool', attributes: { kernel_shape: [2, 2], strides: [1, 2], auto_pad: mode } }, [1, 1, 4, 5]));
  expect(pads('SAME_UPPER')).toMatchObject({ pads: [0, 0, 1, 1] });
  expect(pads('SAME_LOWER')).toMatchObject({ pads: [1, 1, 0, 0] });
  expect(pads('VALID')).toMatchObject({ pads: [0, 0, 0, 0] });
});

test('Reshape: 0 copies an extent, -1 takes the rest, allowzero means 0', () => {
  const shape = (target: Tensor, allowzero = 0) =>
    shapeOf(
      importNode({ op: 'Reshape', inputs: ['x', 's'], attributes: { allowzero } }, [2, 3, 4], {
        initializers: { s: target },
      }),
    );
  expect(shape(i64(0, -1))).toEqual([2, 12]);
  expect(() => shape(i64(0, -1), 1)).toThrow('Reshape "y"');
  expect(() => shape(i64(-1, -1))).toThrow('more than one -1');
});

test('axes of reductions: attribute, input, none at all, or none on purpose', () => {
  expect(only(importNode({ op: 'ReduceMean', attributes: { axes: [-1] } }, [2, 3], { opset: 13 }))).toMatchObject({
    axes: [1],
  });
  const bySum = importNode({ op: 'ReduceSum', inputs: ['x', 'a'] }, [2, 3], { initializers: { a: i64(0) }, opset: 13 });
  expect(only(bySum)).toMatchObject({ axes: [0], keepDims: true });
  expect(only(importNode({ op: 'ReduceMax' }, [2, 3]))).toMatchObject({ axes: [0, 1] });
  const noop = importNode({ op: 'ReduceSum', attributes: { noop_with_empty_axes: 1 } }, [2, 3]);
  expect(only(noop)).toMatchObject({ axes: [] });
});

test('a 1-D convolution is a 2-D one of height 1', () => {
  const graph = importNode({ op: 'Conv', inputs: ['x', 'w'], attributes: { pads: [1, 0], strides: [2] } }, [1, 1, 5], {
    initializers: { w: tensorOf('f32', [1, 1, 3], [1, 2, 3]) },
  });
  expect(graph.nodes[1]?.attributes).toEqual({ group: 1, strides: [1, 2], pads: [0, 1, 0, 0], dilations: [1, 1] });
  const y = evaluate(graph, new Map([['x', tensorOf('f32', [1, 1, 5], [1, 1, 1, 1, 1])]])).get('y');
  expect(y).toEqual(tensorOf('f32', [1, 1, 2], [5, 6]));
});

test('negative constant indices of Gather are counted from the beginning; others outside are refused', () => {
  const graph = importNode({ op: 'Gather', inputs: ['x', 'i'], attributes: { axis: 1 } }, [2, 3], {
    initializers: { i: i64(-1, 0) },
  });
  expect(graph.constants.get(graph.nodes[0]?.inputs[1] ?? '')).toEqual(i64(2, 0));
  expect(() => importNode({ op: 'Gather', inputs: ['x', 'i'] }, [2, 3], { initializers: { i: i64(2) } })).toThrow(
    'index 2 is outside 0 to 1',
  );
});

test('MaxPool says where its maxima lie in the whole input, and MaxUnpool puts them back', () => {
  const x = tensorOf('f32', [1, 2, 2, 4], [1, 5, 2, 2, 0, 3, 2, 9, 7, 7, 0, -1, 7, 7, -3, 4]);
  const window = { kernel_shape: [2, 2], strides: [2, 2] };
  const pooled = (attributes: NodeSketch['attributes']) =>
    importSketch({
      inputs: [{ name: 'x', dims: x.shape }],
      outputs: ['p', { name: 'i', dtype: 'i64' }, 'y'],
      nodes: [
        { op: 'MaxPool', inputs: ['x'], outputs: ['p', 'i'], attributes: { ...window, ...attributes } },
        { op: 'MaxUnpool', inputs: ['p', 'i'], outputs: ['y'], attributes: window },
      ],
    });
  const results = evaluate(pooled({}), new Map([['x', x]]));
  expect(results.get('i')).toEqual(tensorOf('i64', [1, 2, 1, 2], [1, 7, 8, 15]));
  expect(results.get('y')).toEqual(tensorOf('f32', [1, 2, 2, 4], [0, 5, 0, 0, 0, 0, 0, 9, 7, 0, 0, 0, 0, 0, 0, 4]));
  const byColumns = evaluate(pooled({ storage_order: 1 }), new Map([['x', x]])).get('i');
  expect(byColumns).toEqual(tensorOf('i64', [1, 2, 1, 2], [2, 7, 8, 15]));
});

test('a mean over three axes counts the cells of its box', () => {
  const attributes = { kernel_shape: [2, 2, 2], pads: [1, 0, 0, 0, 0, 0] };
  const graph = importNode({ op: 'AveragePool', attributes }, [1, 1, 2, 2, 2]);
  const y = evaluate(graph, new Map([['x', tensorOf('f32', [1, 1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])]])).get('y');
  expect(y).toEqual(tensorOf('f32', [1, 1, 2, 1, 1], [2.5, 4.5]));
});

test('BatchNormalization in training mode takes the mean and variance of its batch, and moves the running ones', () => {
  const graph = importSketch({
    inputs: [{ name: 'x', dims: [2, 1, 2] }],
    outputs: ['y', 'm', 'v'],
    nodes: [
      {
        op: 'BatchNormalization',
        inputs: ['x', 'one', 'zero', 'zero', 'one'],
        outputs: ['y', 'm', 'v'],
        attributes: { training_mode: 1, momentum: { float: 0.5 }, epsilon: { float: 0 } },
      },
    ],
    initializers: { one: f32(1), zero: f32(0) },
  });
  const results = evaluate(graph, new Map([['x', tensorOf('f32', [2, 1, 2], [1, 5, 1, 5])]]));
  expect([...results.values()]).toEqual([tensorOf('f32', [2, 1, 2], [-1, 1, -1, 1]), f32(1.5), f32(2.5)]);
});

test('QuantizeLinear with block_size has a scale a block, of which the last may be shorter', () => {
  const graph = importSketch({
    inputs: [{ name: 'x', dims: [1, 5] }],
    outputs: [{ name: 'y', dtype: 'i8' }],
    nodes: [{ op: 'QuantizeLinear', inputs: ['x', 's', 'z'], outputs: ['y'], attributes: { axis: 1, block_size: 2 } }],
    initializers: { s: tensorOf('f32', [1, 3], [1, 2, 4]), z: tensorOf('i8', [1, 3], [0, 1, -1]) },
    opset: 21,
  });
  const y = evaluate(graph, new Map([['x', tensorOf('f32', [1, 5], [8, 8, 8, 8, 8])]])).get('y');
  expect(y).toEqual(tensorOf('i8', [1, 5], [8, 8, 5, 5, 1]));
});
