// Every operator, lowered and interpreted, against its reference: each case runs in all layouts.

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Shape, type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import type { Attributes } from '../../runtime/graph/graph.js';
import { operators } from '../../runtime/graph/ops/index.js';
import { isHosted } from '../../runtime/lower/host.js';
import { hasLowering } from '../../runtime/lower/ops/index.js';
import { type Case, distanceFromReference, type Feed, graphOf, layoutChoices, withLayouts } from './harness.js';

/** Numbers in -3..3 that repeat seldom, in steps of 1/8: ties, zeros and both signs occur. */
function someNumbers(count: number, seed = 1): number[] {
  let state = seed * 7919;
  return Array.from({ length: count }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return (Math.floor(state / 65536) % 49) / 8 - 3;
  });
}

let seed = 1;

function filled(dtype: Tensor['dtype'], shape: Shape, change = (x: number) => x): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensorOf(dtype, shape, someNumbers(count, seed++).map(change));
}

const x = (...shape: number[]): Feed => ({ tensor: filled('f32', shape), isConstant: false });
const w = (...shape: number[]): Feed => ({ tensor: filled('f32', shape), isConstant: true });
const positive = (...shape: number[]): Feed => ({ tensor: filled('f32', shape, (v) => Math.abs(v) + 0.5), isConstant: false });
const ints = (...shape: number[]): Feed => ({ tensor: filled('i32', shape, Math.round), isConstant: false });
const longs = (...shape: number[]): Feed => ({ tensor: filled('i64', shape, Math.round), isConstant: false });
const bytes = (...shape: number[]): Feed => ({ tensor: filled('u8', shape, (v) => (v + 3) * 40), isConstant: false });
const bools = (...shape: number[]): Feed => ({ tensor: filled('bool', shape, (v) => (v > 0 ? 1 : 0)), isConstant: false });
const given = (dtype: Tensor['dtype'], values: number[], shape: Shape = [values.length]): Feed => ({
  tensor: tensorOf(dtype, shape, values),
  isConstant: false,
});
const constant = (feed: Feed): Feed => ({ ...feed, isConstant: true });
const special = given('f32', [Number.NaN, Infinity, -Infinity, 0, -0, 1e-8, -1e-8, 100, -100, 0.5, -0.5, 88], [3, 4]);

/** Sums in f32 against sums in f64. */
const rough = 1e-4;

const cases: Case[] = [];

function add(op: string, feeds: readonly (Feed | undefined)[], attributes: Attributes = {}, tolerance = 1e-5): void {
  cases.push({ op, feeds, attributes, tolerance });
}

for (const op of [
  'abs',
  'acos',
  'asin',
  'asinh',
  'atan',
  'atanh',
  'ceil',
  'cos',
  'cosh',
  'erf',
  'exp',
  'floor',
  'is-nan',
  'log',
]) {
  add(op, [x(1, 5, 3, 2)]);
}
for (const op of [
  'neg',
  'relu',
  'round',
  'sigmoid',
  'sign',
  'silu',
  'sin',
  'sinh',
  'softplus',
  'softsign',
  'sqrt',
  'tan',
  'tanh',
]) {
  add(op, [x(1, 5, 3, 2)]);
}
for (const op of [
  'abs',
  'exp',
  'is-nan',
  'log-softmax',
  'mish',
  'relu',
  'sigmoid',
  'sign',
  'softplus',
  'tanh',
  'hard-swish',
  'erf',
]) {
  add(op, [special], { axis: 1 });
}
add('acosh', [positive(2, 3)]);
add('reciprocal', [positive(2, 3)]);
add('log', [positive(3, 2)]);
for (const op of ['abs', 'neg', 'sign', 'relu']) add(op, [longs(2, 5)]);
add('not', [bools(2, 3)]);
add('elu', [x(2, 7)], { alpha: 1.5 });
add('selu', [x(2, 7)], { alpha: 1.6732632, gamma: 1.050701 });
add('gelu', [x(2, 3, 5)], { approximate: 'none' });
add('gelu', [x(2, 3, 5)], { approximate: 'tanh' });
add('hard-sigmoid', [x(1, 3, 2, 5)], { alpha: 0.2, beta: 0.5 });
add('hard-swish', [x(1, 3, 2, 5)]);
add('leaky-relu', [x(1, 3, 2, 5)], { alpha: 0.1 });
add('leaky-relu', [x(4)], { alpha: 2 });
add('mish', [x(5, 5)]);
add('thresholded-relu', [x(3, 3)], { alpha: 1 });
add('clip', [x(1, 5, 2, 2)], { min: 0, max: 1 });
add('clip', [x(7)], { min: Number.NEGATIVE_INFINITY, max: 1 });
add('clip', [ints(7)], { min: -1, max: 2 });
for (const to of ['f32', 'f64', 'i32', 'i64', 'u8', 'bool', 'f16']) add('cast', [x(2, 9)], { to });
for (const to of ['f32', 'i32', 'bool', 'u8']) add('cast', [longs(2, 9)], { to });
add('cast', [bools(4)], { to: 'f32' });

for (const op of ['add', 'sub', 'mul', 'div', 'min', 'max', 'equal', 'less', 'less-equal', 'greater', 'greater-equal']) {
  add(op, [x(1, 5, 3, 2), w(5, 1, 1)]);
  add(op, [x(2, 1, 3), x(4, 1)]);
  add(op, [x(1, 5, 3, 2), w()]);
  add(op, [longs(2, 3), longs(3)]);
}
for (const op of ['and', 'or', 'xor', 'equal']) add(op, [bools(2, 3), bools(3)]);
add('pow', [positive(2, 3), x(3)]);
add('pow', [x(2, 3), given('i64', [2])]);
add('pow', [longs(2, 3), given('i64', [2])]);
add('pow', [positive(4), constant(given('f32', [0.5]))]);
for (const fmod of [true, false]) {
  add('mod', [longs(3, 4), given('i64', [2, -2, 3, 0])], { fmod });
  add('mod', [x(3, 4), positive(4)], { fmod });
}
add('prelu', [x(1, 5, 3, 2), w(5, 1, 1)]);
add('where', [bools(2, 1, 3), x(4, 1), w()]);
add('where', [bools(1, 5, 2, 3), x(1, 5, 2, 3), x(5, 1, 1)]);

add('conv', [x(1, 5, 6, 7), w(6, 5, 3, 3), w(6)], { group: 1, strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] }, rough);
add('conv', [x(2, 4, 7, 6), w(6, 2, 3, 2)], { group: 2, strides: [2, 1], pads: [0, 1, 1, 0], dilations: [1, 2] }, rough);
add('conv', [x(1, 6, 5, 5), w(6, 1, 3, 3), w(6)], { group: 6, strides: [1, 2], pads: [1, 1, 1, 1], dilations: [1, 1] }, rough);
add('conv', [x(1, 6, 5, 5), x(4, 6, 1, 1)], { group: 1, strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] }, rough);
for (const [stride, dilation, kernel, pad, outputPad] of [
  [1, 1, 3, 1, 0],
  [2, 1, 2, 0, 0],
  [2, 1, 4, 1, 0],
  [2, 1, 3, 1, 1],
  [3, 1, 2, 0, 2],
  [2, 2, 3, 1, 1],
  [1, 2, 2, 0, 0],
] as const) {
  const window = { strides: [stride, 1], pads: [pad, 0, pad, 1], dilations: [dilation, 1], outputPads: [outputPad, 0] };
  add('conv-transpose', [x(1, 6, 3, 4), w(6, 5, kernel, 3), w(5)], { group: 1, ...window }, rough);
  add('conv-transpose', [x(2, 6, 4, 3), w(6, 2, kernel, 2)], { group: 3, ...window }, rough);
}
const pools = [
  { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1], ceilMode: false },
  { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1], ceilMode: true },
  { kernel: [3, 2], strides: [1, 3], pads: [2, 0, 1, 1], dilations: [1, 1], ceilMode: true },
  { kernel: [2, 3], strides: [1, 1], pads: [1, 2, 1, 2], dilations: [2, 2], ceilMode: false },
];
for (const pool of pools) {
  for (const op of ['max-pool', 'max-pool-indices']) add(op, [x(1, 5, 7, 6)], pool);
  for (const countIncludePad of [true, false]) add('average-pool', [x(1, 5, 7, 6)], { ...pool, countIncludePad });
}

for (const op of ['sum', 'mean', 'max', 'min', 'prod', 'l1', 'l2', 'log-sum-exp', 'sum-square']) {
  add(`reduce-${op}`, [x(1, 5, 3, 2)], { axes: [2, 3], keepDims: true }, rough);
  add(`reduce-${op}`, [x(2, 5, 3, 2)], { axes: [1], keepDims: false }, rough);
  add(`reduce-${op}`, [x(4, 3, 2)], { axes: [0, 2], keepDims: false }, rough);
  add(`reduce-${op}`, [x(2, 3)], { axes: [], keepDims: true }, rough);
  add(`reduce-${op}`, [x(2, 3)], { axes: [0, 1], keepDims: false }, rough);
}
add('reduce-log-sum', [positive(4, 3, 2)], { axes: [1], keepDims: true }, rough);
for (const op of ['sum', 'mean', 'max', 'min', 'prod', 'l2']) add(`reduce-${op}`, [ints(4, 3)], { axes: [1], keepDims: true });
add('reduce-log-sum-exp', [special], { axes: [1], keepDims: false });
for (const op of ['arg-max', 'arg-min']) {
  for (const selectLast of [true, false]) {
    add(op, [ints(3, 9, 2)], { axis: 1, keepDims: false, selectLast });
    add(op, [x(1, 5, 3, 2)], { axis: 1, keepDims: true, selectLast });
    add(op, [x(6)], { axis: 0, keepDims: false, selectLast });
  }
}
for (const op of ['softmax', 'log-softmax']) for (const axis of [0, 1, 2, 3]) add(op, [x(2, 5, 3, 4)], { axis });
for (const axis of [0, 1, 3]) {
  for (const exclusive of [true, false]) {
    for (const reverse of [true, false]) add('cum-sum', [axis === 0 ? longs(7) : x(1, 5, 2, 3)], { axis, exclusive, reverse });
  }
}

add('matmul', [x(2, 3, 4), w(4, 5)], {}, rough);
add('matmul', [x(4), x(2, 4, 3)], {}, rough);
add('matmul', [x(1, 2, 3, 4), x(2, 1, 4, 2)], {}, rough);
add('gemm', [x(3, 4), w(5, 4), w(5)], { alpha: 0.5, beta: 2, transA: false, transB: true }, rough);
add('gemm', [x(4, 3), w(4, 5)], { alpha: 1, beta: 1, transA: true, transB: false }, rough);

const perChannel = [w(5), w(5), w(5), constant(positive(5))];
add('batch-norm', [x(2, 5, 3, 2), ...perChannel], { epsilon: 1e-3 });
add('batch-norm', [x(3, 5), ...perChannel], { epsilon: 1e-3 });
add('instance-norm', [x(2, 5, 3, 4), w(5), w(5)], { epsilon: 1e-3 }, rough);
add('instance-norm', [x(2, 3, 7), w(3), w(3)], { epsilon: 1e-3 }, rough);
add('layer-norm', [x(2, 3, 8), w(8), w(8)], { axis: 2, epsilon: 1e-5 }, rough);
add('layer-norm', [x(1, 5, 3, 4), w(3, 4)], { axis: 2, epsilon: 1e-5 }, rough);
add('layer-norm', [x(1, 5, 3, 4), w(5, 1, 1), w(4)], { axis: 1, epsilon: 1e-5 }, rough);
add('group-norm', [x(2, 6, 3, 4), w(6), w(6)], { groups: 2, epsilon: 1e-3 }, rough);
add('group-norm', [x(1, 6, 5), w(6), w(6)], { groups: 3, epsilon: 1e-3 }, rough);
for (const size of [1, 4, 5]) add('lrn', [x(1, 5, 2, 3)], { size, alpha: 1e-2, beta: 0.75, bias: 1 });

add('reshape', [x(2, 5, 3, 2)], { shape: [2, 30] });
add('reshape', [x(6, 10)], { shape: [1, 5, 3, 4] });
add('reshape', [x(1, 6, 4, 2)], { shape: [1, 3, 4, 4] });
add('transpose', [x(2, 5, 3, 4)], { permutation: [0, 2, 3, 1] });
add('transpose', [x(2, 3, 5)], { permutation: [2, 0, 1] });
add('concat', [x(1, 3, 2, 2), x(1, 5, 2, 2), w(1, 1, 2, 2)], { axis: 1 });
add('concat', [x(2, 3), x(4, 3)], { axis: 0 });
add('split', [x(1, 7, 2, 3)], { axis: 1, sizes: [3, 4] });
add('split', [x(1, 5, 2, 6)], { axis: 3, sizes: [1, 2, 3] });
add('slice', [x(1, 7, 6, 5)], { starts: [0, 1, 5, 0], steps: [1, 2, -1, 3], sizes: [1, 3, 4, 2] });
add('copy', [x(1, 5, 2, 3)]);
add('expand', [x(3, 1)], { shape: [2, 3, 4] });
add('expand', [x(1, 5, 1, 2)], { shape: [2, 1, 3, 1] });
add('tile', [x(1, 3, 2, 2)], { repeats: [2, 3, 1, 2] });
for (const mode of ['constant', 'edge', 'reflect', 'wrap']) {
  add('pad', [x(1, 5, 3, 4)], { mode, pads: [0, 0, 2, 1, 0, 0, 1, 3], value: 0.5 });
  add('pad', [x(1, 5, 3, 4)], { mode, pads: [0, 1, -1, 0, 0, 2, 1, -1], value: 0.5 });
  add('pad', [longs(2)], { mode, pads: [5, 4], value: 7 });
}
add('gather', [x(4, 3, 5), given('i64', [1, -1, 0, 2], [2, 2])], { axis: 1 });
add('gather', [x(4, 3, 5), constant(given('i64', [-1], []))], { axis: 2 });
add('gather', [x(1, 6, 2, 2), given('i32', [5, 0, -2, 3, 1])], { axis: 1 });
add('gather-elements', [x(3, 4), given('i64', [0, -1, 2, 1, 1, 3], [3, 2])], { axis: 1 });
add('gather-elements', [x(3, 4), given('i32', [0, -1, 2, 1], [1, 4])], { axis: 0 });
add('gather-nd', [x(3, 4, 2), given('i64', [0, -1, 2, 1], [2, 2])], { batchDims: 0 });
add('gather-nd', [x(2, 3, 4), given('i64', [2, -1], [2, 1])], { batchDims: 1 });
for (const reduction of ['none', 'add', 'mul', 'max', 'min']) {
  add('scatter-nd', [x(3, 4), given('i64', [0, -1, 2, 1, 0, 3], [3, 2]), x(3)], { reduction });
  add('scatter-nd', [x(3, 4), given('i64', [2, 0, -1], [3, 1]), x(3, 4)], { reduction });
  add('scatter-nd', [x(1, 5, 2, 2), given('i64', [0, 4, 0, -2], [1, 2, 2]), x(1, 2, 2, 2)], { reduction });
  add('scatter-nd', [longs(4), given('i64', [2, 2], [2, 1]), longs(2)], { reduction });
  add('scatter-elements', [x(3, 4), given('i64', [0, -1, 2, 2, 1, 3], [2, 3]), x(2, 3)], { axis: 1, reduction });
  add('scatter-elements', [x(1, 5, 2, 2), given('i32', [0, -1, 4, 1], [1, 2, 1, 2]), x(1, 2, 1, 2)], { axis: 1, reduction });
}
for (const mode of ['DCR', 'CRD']) add('depth-to-space', [x(1, 20, 2, 3)], { blocksize: 2, mode });
add('space-to-depth', [x(1, 5, 4, 6)], { blocksize: 2 });
for (const upper of [true, false]) for (const k of [-9, -1, 0, 2, 9]) add('trilu', [x(2, 3, 4)], { upper, k });

const coordinateModes = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
];
const roundings = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'];
const resizeDefaults = {
  coordinates: 'half_pixel',
  nearest: 'floor',
  cubicA: -0.75,
  excludeOutside: false,
  extrapolation: 9,
  roi: [],
  antialias: false,
};

function addResize(mode: string, from: number[], to: number[], more: Attributes = {}, dtype = x): void {
  const scales = to.map((size, axis) => size / (from[axis] as number));
  add('resize', [dtype(...from)], { ...resizeDefaults, mode, sizes: to, scales, ...more }, rough);
}

for (const coordinates of coordinateModes) {
  for (const nearest of roundings) {
    addResize('nearest', [1, 5, 3, 4], [1, 5, 6, 12], { coordinates, nearest });
    addResize('nearest', [1, 2, 7, 5], [1, 2, 3, 11], { coordinates, nearest });
    addResize('nearest', [9], [5], { coordinates, nearest, scales: [0.6] });
  }
  for (const mode of ['linear', 'cubic']) {
    for (const excludeOutside of [false, true]) {
      addResize(mode, [1, 5, 3, 4], [1, 5, 6, 8], { coordinates, excludeOutside });
      addResize(mode, [1, 2, 7, 5], [1, 2, 3, 11], { coordinates, excludeOutside });
      addResize(mode, [9], [5], { coordinates, excludeOutside, scales: [0.6] });
    }
    addResize(mode, [5], [1], { coordinates });
    addResize(mode, [1, 5, 2, 3], [1, 7, 2, 3], { coordinates });
  }
}
for (const mode of ['nearest', 'linear', 'cubic']) {
  addResize(mode, [1, 3, 4, 5], [1, 3, 6, 4], { coordinates: 'tf_crop_and_resize', roi: [0, 0, 0.2, -0.3, 1, 1, 0.9, 1.2] });
  // Cubic overshoots, and what an integer outside of its range becomes is nowhere defined.
  if (mode !== 'cubic') addResize(mode, [4, 4], [7, 4], {}, bytes);
}

for (const mode of ['nearest', 'linear', 'cubic']) {
  for (const padding of ['zeros', 'border', 'reflection']) {
    for (const alignCorners of [true, false]) {
      const attributes = { mode, padding, alignCorners };
      // Sixteenths that lie on no tie between pixels, and far outside as well.
      const grid = { tensor: filled('f32', [1, 3, 5, 2], (v) => v / 2 + 0.03), isConstant: false };
      add('grid-sample', [x(1, 5, 4, 6), grid], attributes, rough);
      add('grid-sample', [x(2, 1, 7), { tensor: filled('f32', [2, 4, 1]), isConstant: false }], attributes, rough);
    }
    add('grid-sample', [x(1, 2, 1, 3, 2), x(1, 2, 2, 2, 3)], { mode, padding, alignCorners: true }, rough);
  }
}
for (const mode of ['average', 'max']) {
  for (const halfPixel of [true, false]) {
    const regions = given('f32', [0.1, 0.2, 3.7, 5.1, -2.2, 1.1, 9.3, 2.4, 3, 3, 2.1, 2.2], [3, 4]);
    const images = given('i64', [1, 0, -1], [3]);
    const attributes = { mode, halfPixel, height: 2, width: 3, samples: 2, scale: 0.75 };
    add('roi-align', [x(2, 5, 4, 6), regions, images], attributes, rough);
  }
}

for (const tile of [2, 4, 6]) {
  const planes = (tile + 2) ** 2;
  add('winograd-input', [x(1, 5, 6, 7)], { tile, pads: [1, 1, 1, 1] }, rough);
  add('winograd-input', [x(1, 2, 5, 9)], { tile, pads: [0, 1, 1, 0] }, rough);
  add('winograd-multiply', [x(planes, 5, 2, 3), w(planes, 6, 5)], {}, rough);
  add('winograd-output', [x(planes, 5, 2, 3), w(5)], { tile, height: 2 * tile, width: 3 * tile - 1 }, rough);
  add('winograd-output', [x(planes, 4, 1, 2)], { tile, height: tile - 1, width: 2 * tile }, rough);
}

describe.each(layoutChoices)('with layouts of %s', (choice) => {
  const graphs = cases.map((one, i) => ({
    one,
    graph: withLayouts(graphOf(one), choice),
    title: `${one.op} ${i}: ${describeCase(one)}`,
  }));
  const laidOut = graphs.filter(({ graph }) => choice === 'none' || graph.layouts.size > 0);
  test.each(laidOut)('$title computes what its reference does', ({ one, graph }) => {
    const feeds = new Map(
      one.feeds.flatMap((feed, i) => (feed === undefined || feed.isConstant ? [] : [[`v${i}`, feed.tensor] as const])),
    );
    expect(distanceFromReference(graph, feeds)).toBeLessThanOrEqual(one.tolerance ?? 0);
  });
});

function describeCase({ feeds, attributes }: Case): string {
  const shapes = feeds.map((feed) => (feed === undefined ? '-' : `${feed.tensor.dtype}[${feed.tensor.shape.join(',')}]`));
  return `${shapes.join(' ')} ${JSON.stringify(attributes)}`;
}

const kinds = [...operators.keys()];

test('every operator of the graph can be lowered, or is a routine of the addon', () => {
  expect(kinds.filter((kind) => !hasLowering(kind) && !isHosted(kind))).toEqual([]);
});

test('every lowering is one of an operator of the graph, and is tested here', () => {
  const files = readdirSync(join(__dirname, '../../runtime/lower/ops')).map((file) => basename(file, '.ts'));
  const tested = new Set(cases.map(({ op }) => op));
  expect(files.filter((kind) => kind !== 'index' && !(operators.has(kind) && hasLowering(kind) && tested.has(kind)))).toEqual(
    [],
  );
});
