// Routines of the addon inside a plan: compiled modules that call them, against the reference evaluation.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Dtype, type Shape, type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import { parse } from '../../runtime/graph/parse.js';
import { print } from '../../runtime/graph/print.js';
import { compile } from '../../runtime/module/compile.js';
import { openSession } from '../../runtime/module/session.js';
import { importModel } from '../../runtime/onnx/import.js';
import { readModel } from '../../runtime/onnx/read.js';
import { type NodeSketch, writeOnnx } from '../support/onnx-writer.js';

const folder = mkdtempSync(join(tmpdir(), 'onbox-host-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Small whole numbers, so that there are many ties. */
function numbers(dtype: Dtype, shape: Shape): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensorOf(
    dtype,
    shape,
    Array.from({ length: count }, (_, i) => ((i * 7919) % 23) - 11),
  );
}

/** Several TopKs in one module: of floats and integers, along each axis, before and after kernels. */
const nodes: readonly NodeSketch[] = [
  { op: 'Relu', inputs: ['x'], outputs: ['r'] },
  { op: 'TopK', inputs: ['r', 'k3'], outputs: ['rv', 'ri'], attributes: { axis: 1 } },
  { op: 'Neg', inputs: ['rv'], outputs: ['negative'] },
  { op: 'GatherElements', inputs: ['x', 'ri'], outputs: ['picked'], attributes: { axis: 1 } },
  { op: 'TopK', inputs: ['x', 'k3'], outputs: ['xv', 'xi'], attributes: { axis: 0, largest: 0 } },
  { op: 'TopK', inputs: ['n', 'k5'], outputs: ['nv', 'ni'] },
  { op: 'TopK', inputs: ['table', 'k3'], outputs: ['tv', 'ti'] },
  { op: 'Add', inputs: ['n5', 'nv'], outputs: ['sum'] },
];

test('TopK of several types, axes and orders, between kernels, is what the reference says', async () => {
  const table = numbers('f32', [4, 9]);
  const model = writeOnnx({
    inputs: [
      { name: 'x', dims: [4, 6, 5] },
      { name: 'n', dtype: 'i64', dims: [3, 8] },
    ],
    outputs: ['negative', 'picked', 'ri', 'xv', 'xi', 'sum', 'ni', 'tv'],
    nodes,
    initializers: { k3: tensorOf('i64', [1], [3]), k5: tensorOf('i64', [1], [5]), n5: numbers('i64', [3, 5]), table },
  });
  const graph = importModel(readModel(model));
  const outFolder = join(folder, 'module');
  await compile({
    name: 'host',
    graph,
    modelDigest: '0'.repeat(64),
    spec: { task: 'other', labels: [] },
    outFolder,
    threads: 2,
  });
  const session = await openSession(outFolder, { threads: 2 });
  const x = numbers('f32', [4, 6, 5]);
  x.data[7] = Number.NaN;
  x.data[8] = Number.POSITIVE_INFINITY;
  const inputs = new Map([
    ['x', x],
    ['n', numbers('i64', [3, 8])],
  ]);
  const got = await session.runTensors(inputs);
  const want = evaluate(graph, inputs);
  const elements = (tensor: Tensor | undefined) => Array.from((tensor?.data ?? []) as ArrayLike<number | bigint>);
  for (const [name, tensor] of want) {
    expect([name, got.get(name)?.dtype, elements(got.get(name))]).toEqual([name, tensor.dtype, elements(tensor)]);
  }
  session.close();
});

/** Wide enough for vectors, with a last batch that ends early. */
const recurrent: readonly NodeSketch[] = [
  {
    op: 'LSTM',
    inputs: ['x', 'w4', 'r4', 'b4', 'lengths', '', '', 'p'],
    outputs: ['ly', 'lh', 'lc'],
    attributes: { hidden_size: 9, direction: 'bidirectional', clip: { float: 2 } },
  },
  { op: 'Squeeze', inputs: ['lh'], outputs: ['last'] },
  {
    op: 'GRU',
    inputs: ['x', 'w3', 'r3', 'b3', '', 'first'],
    outputs: ['gy', 'gh'],
    attributes: { hidden_size: 9, direction: 'bidirectional', linear_before_reset: 1 },
  },
  {
    op: 'RNN',
    inputs: ['x', 'w1', 'r1'],
    outputs: ['ry'],
    attributes: { hidden_size: 9, activations: ['Affine'], direction: 'reverse' },
  },
];

test('LSTM, GRU and RNN of a module are what the reference says', async () => {
  const weights = (...shape: number[]) => {
    const tensor = numbers('f32', shape);
    return { ...tensor, data: Float32Array.from(tensor.data as Float32Array, (value) => value / 24) };
  };
  const cells = [4, 3].map((gates) => [
    [`w${gates}`, weights(2, gates * 9, 5)],
    [`r${gates}`, weights(2, gates * 9, 9)],
    [`b${gates}`, weights(2, 2 * gates * 9)],
  ]);
  const model = writeOnnx({
    inputs: [{ name: 'x', dims: [7, 3, 5] }],
    outputs: ['ly', 'last', 'lc', 'gy', 'gh', 'ry'],
    nodes: recurrent,
    initializers: {
      ...Object.fromEntries(cells.flat()),
      lengths: tensorOf('i32', [3], [7, 3, 1]),
      p: weights(2, 27),
      first: weights(2, 3, 9),
      w1: weights(1, 9, 5),
      r1: weights(1, 9, 9),
    },
  });
  const graph = importModel(readModel(model));
  const outFolder = join(folder, 'recurrent');
  await compile({
    name: 'recurrent',
    graph,
    modelDigest: '0'.repeat(64),
    spec: { task: 'other', labels: [] },
    outFolder,
    threads: 2,
  });
  const session = await openSession(outFolder, { threads: 2 });
  const inputs = new Map([['x', weights(7, 3, 5)]]);
  const got = await session.runTensors(inputs);
  for (const [name, tensor] of evaluate(graph, inputs)) {
    const result = got.get(name);
    expect([name, result?.shape]).toEqual([name, tensor.shape]);
    const distances = Array.from(tensor.data as Float32Array, (value, i) => Math.abs(value - Number(result?.data[i])));
    expect([name, Math.max(...distances) < 1e-5]).toEqual([name, true]);
  }
  session.close();
});

/** What is left of boxes goes on to be picked, moved and computed with, as exporters write it. */
const chosen: readonly NodeSketch[] = [
  { op: 'NonMaxSuppression', inputs: ['boxes', 'scores', 'three', 'overlap', 'low'], outputs: ['rows'] },
  { op: 'Gather', inputs: ['rows', 'second'], outputs: ['place'], attributes: { axis: 1 } },
  { op: 'Squeeze', inputs: ['boxes', 'zero'], outputs: ['flat'] },
  { op: 'Gather', inputs: ['flat', 'place'], outputs: ['kept'] },
  { op: 'Mul', inputs: ['kept', 'size'], outputs: ['scaled'] },
  { op: 'Cast', inputs: ['rows'], outputs: ['numbers'], attributes: { to: 1 } },
  { op: 'Concat', inputs: ['numbers', 'scaled'], outputs: ['found'], attributes: { axis: 1 } },
  { op: 'Greater', inputs: ['scores', 'high'], outputs: ['isHigh'] },
  { op: 'NonZero', inputs: ['isHigh'], outputs: ['where'] },
  { op: 'Transpose', inputs: ['where'], outputs: ['indices'] },
  { op: 'GatherND', inputs: ['scores', 'indices'], outputs: ['highest'] },
  { op: 'Compress', inputs: ['scores', 'some'], outputs: ['some_scores'], attributes: { axis: 2 } },
];

function chosenModel(outputs: readonly string[], more: readonly NodeSketch[] = []): Uint8Array {
  return writeOnnx({
    inputs: [
      { name: 'boxes', dims: [1, 6, 4] },
      { name: 'scores', dims: [1, 2, 6] },
      { name: 'some', dtype: 'bool', dims: [6] },
    ],
    outputs,
    nodes: [...chosen, ...more],
    initializers: {
      three: tensorOf('i64', [1], [3]),
      overlap: tensorOf('f32', [1], [0.5]),
      low: tensorOf('f32', [1], [0.25]),
      high: tensorOf('f32', [], [0.7]),
      second: tensorOf('i64', [], [2]),
      zero: tensorOf('i64', [1], [0]),
      size: tensorOf('f32', [4], [2, 2, 4, 4]),
    },
  });
}

test('results are as long as the data says: suppressed boxes, places that are not zero, what a condition chooses', async () => {
  const graph = importModel(readModel(chosenModel(['found', 'highest', 'some_scores'])));
  expect(print(parse(print(graph)))).toBe(print(graph));
  const outFolder = join(folder, 'chosen');
  await compile({
    name: 'chosen',
    graph,
    modelDigest: '0'.repeat(64),
    spec: { task: 'other', labels: [] },
    outFolder,
    threads: 2,
  });
  const session = await openSession(outFolder, { threads: 2 });
  expect(session.manifest.outputs.map(({ name }) => name)).toEqual(['found', 'highest', 'some_scores']);
  const boxes = [0, 0, 1, 1, 0, 0.1, 1, 1.1, 1, 0.9, 0, -0.1, 0, 10, 1, 11, 0, 10.1, 1, 11.1, 0, 100, 1, 101];
  const feeds = (scores: readonly number[], some: readonly number[]) =>
    new Map([
      ['boxes', tensorOf('f32', [1, 6, 4], boxes)],
      ['scores', tensorOf('f32', [1, 2, 6], scores)],
      ['some', tensorOf('bool', [6], some)],
    ]);
  const full = feeds([0.9, 0.75, 0.6, 0.95, 0.5, 0.3, 0, 0, 0, 0.1, 0.8, 0], [0, 1, 0, 1, 1, 0]);
  for (const inputs of [full, feeds(new Array(12).fill(0), new Array(6).fill(0))]) {
    const got = await session.runTensors(inputs);
    for (const [name, { shape, data }] of evaluate(graph, inputs)) {
      expect([name, got.get(name)?.shape, Array.from((got.get(name)?.data ?? []) as Float32Array)]).toEqual([
        name,
        shape,
        Array.from(data as Float32Array),
      ]);
    }
  }
  const got = await session.runTensors(full);
  expect(got.get('found')?.shape).toEqual([4, 7]);
  expect(Array.from((got.get('found')?.data ?? []) as Float32Array).slice(0, 7)).toEqual([0, 0, 3, 0, 20, 4, 44]);
  expect(got.get('some_scores')?.shape).toEqual([1, 2, 3]);
  session.close();
});

test('what needs to know how many there are is refused, with the axis and the cut', () => {
  const refused = (more: NodeSketch) => () => importModel(readModel(chosenModel(['y'], [more])));
  expect(refused({ op: 'ReduceMax', inputs: ['found'], outputs: ['y'] })).toThrow(
    'how long axis 0 of "found" is (at most 6) depends on the input\'s data; to compile what comes before, give --cut "found"',
  );
  expect(refused({ op: 'Shape', inputs: ['rows'], outputs: ['y'] })).toThrow('how long axis 0 of "rows" is (at most 6)');
});

test('more elements than there are is refused at import', () => {
  const model = writeOnnx({
    inputs: [{ name: 'x', dims: [4] }],
    outputs: ['v'],
    nodes: [{ op: 'TopK', name: 'best', inputs: ['x', 'k'], outputs: ['v', 'i'] }],
    initializers: { k: tensorOf('i64', [1], [5]) },
  });
  expect(() => importModel(readModel(model))).toThrow('TopK "best": top-k: 5 of 4 elements are wanted');
});
