// The evaluation of whole graphs, and of what ONNX's own tests leave out.

import { type Dtype, type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import type { Attributes } from '../../runtime/graph/graph.js';
import { operator } from '../../runtime/graph/ops/index.js';
import { parse } from '../../runtime/graph/parse.js';

const graph = parse(`
input x: f32[3]
constant c: f32[] = [-1]
s: f32[3] = add(x, c)
y: f32[3] = fused(s)
  t: f32[3] = relu(s)
  y: f32[3] = neg(t)
output "out" = y
`);
const feeds = new Map([['x', tensorOf('f32', [3], [0, 2, 5])]]);

function run(op: string, inputs: readonly (Tensor | undefined)[], attributes: Attributes = {}): Tensor {
  const { infer, evaluate: reference } = operator(op);
  return reference(inputs, attributes, infer(inputs, attributes))[0] as Tensor;
}

function numbers(dtype: Dtype, ...values: number[]): Tensor {
  return tensorOf(dtype, [values.length], values);
}

function runOn(op: string, dtype: Dtype, a: number[], b: number[], attributes: Attributes = {}): number[] {
  return Array.from(run(op, [numbers(dtype, ...a), numbers(dtype, ...b)], attributes).data as Float64Array, Number);
}

test('a graph gives its outputs by their names, through fused nodes', () => {
  expect(evaluate(graph, feeds)).toEqual(new Map([['out', tensorOf('f32', [3], [-0, -1, -4])]]));
});

test('with keep it gives every value, those inside of fused nodes too', () => {
  const values = evaluate(graph, feeds, { keep: true });
  expect([...values.keys()]).toEqual(['c', 'x', 's', 't', 'y']);
  expect(values.get('t')).toEqual(tensorOf('f32', [3], [0, 1, 4]));
});

test('an input that is missing or of another type is refused with both types', () => {
  expect(() => evaluate(graph, new Map())).toThrow(/input "x" wants f32\[3\], got nothing/);
  expect(() => evaluate(graph, new Map([['x', tensorOf('i32', [3], [1, 2, 3])]]))).toThrow(/wants f32\[3\], got i32\[3\]/);
});

test('integer division cuts towards zero, and by zero gives zero', () => {
  expect(runOn('div', 'i64', [7, -7, 7, 1], [2, 2, -2, 0])).toEqual([3, -3, -3, 0]);
  expect(runOn('div', 'i32', [7, -7, 7, 1], [2, 2, -2, 0])).toEqual([3, -3, -3, 0]);
});

test('mod takes the sign of the divisor, with fmod that of the dividend', () => {
  expect(runOn('mod', 'i64', [7, -7, 7, -7], [3, 3, -3, -3], { fmod: false })).toEqual([1, 2, -2, -1]);
  expect(runOn('mod', 'i64', [7, -7, 7, -7], [3, 3, -3, -3], { fmod: true })).toEqual([1, -1, 1, -1]);
  expect(runOn('mod', 'i32', [7, -7], [3, 3], { fmod: false })).toEqual([1, 2]);
});

test('64-bit integers keep all their bits and wrap', () => {
  const big = { dtype: 'i64', shape: [1], data: BigInt64Array.of(2n ** 62n + 1n) } as const;
  expect(run('add', [big, big]).data).toEqual(BigInt64Array.of(-(2n ** 63n) + 2n));
  expect(run('sub', [big, { ...big, data: BigInt64Array.of(2n ** 62n) }]).data).toEqual(BigInt64Array.of(1n));
});

test('an integer power ends soon however large it is', () => {
  expect(runOn('pow', 'i64', [3, -1, 2, 1], [4, -3, -1, 1e15])).toEqual([81, -1, 0, 1]);
});

test('round takes ties to even', () => {
  expect(run('round', [numbers('f32', 0.5, 1.5, 2.5, -0.5, -1.5, 2.4)]).data).toEqual(Float32Array.of(0, 2, 2, -0, -2, 2));
});

test('a float that no integer holds is cast to the nearest one, NaN to zero', () => {
  const x = numbers('f32', 300, -300, Number.NaN, -1.9, Number.POSITIVE_INFINITY);
  expect(run('cast', [x], { to: 'u8' }).data).toEqual(Uint8Array.of(255, 0, 0, 0, 255));
  expect(run('cast', [x], { to: 'i64' }).data).toEqual(BigInt64Array.of(300n, -300n, 0n, -1n, 2n ** 63n - 1024n));
  expect(run('cast', [numbers('i32', 300, -1)], { to: 'u8' }).data).toEqual(Uint8Array.of(44, 255));
});

const pool = { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1] };

test('with ceilMode a window that would start past the input is dropped', () => {
  const [wide, narrow] = [5, 4].map((w) =>
    tensorOf(
      'f32',
      [1, 1, 2, w],
      Array.from({ length: 2 * w }, (_, i) => i),
    ),
  );
  expect(run('max-pool', [wide], { ...pool, ceilMode: true })).toMatchObject({
    shape: [1, 1, 1, 3],
    data: Float32Array.of(6, 8, 9),
  });
  const padded = { ...pool, kernel: [1, 2], strides: [1, 3], pads: [0, 1, 0, 1], ceilMode: true };
  expect(run('max-pool', [narrow], padded).shape).toEqual([1, 1, 2, 2]);
});

test('countIncludePad counts pads, but nothing past them', () => {
  const x = tensorOf('f32', [1, 1, 1, 4], [1, 1, 1, 1]);
  const attributes = { ...pool, kernel: [1, 3], strides: [1, 2], pads: [0, 0, 0, 1], ceilMode: true };
  expect(run('average-pool', [x], { ...attributes, countIncludePad: false }).data).toEqual(Float32Array.of(1, 1));
  expect(run('average-pool', [x], { ...attributes, countIncludePad: true }).data[1]).toBeCloseTo(2 / 3);
});

test('an index out of range is refused, never read', () => {
  const data = numbers('f32', 1, 2, 3);
  expect(run('gather', [data, numbers('i64', -1, 0)], { axis: 0 }).data).toEqual(Float32Array.of(3, 1));
  for (const index of [3, -4, 2 ** 52]) {
    expect(() => run('gather', [data, numbers('i64', index)], { axis: 0 })).toThrow(/is outside an axis of 3/);
  }
});

test.each<[string, number[][], Attributes]>([
  ['tile', [[3]], { repeats: [2 ** 31] }],
  ['tile', [[3]], { repeats: [-1] }],
  ['tile', [[3]], { repeats: [Number.NaN] }],
  ['expand', [[1]], { shape: [65536, 65536] }],
  ['expand', [[0]], { shape: [2 ** 40, 0] }],
  ['reshape', [[4]], { shape: [-2, -2] }],
  ['pad', [[4]], { mode: 'constant', pads: [-3, -3], value: 0 }],
  ['pad', [[4]], { mode: 'constant', pads: [2 ** 53 - 1, 1], value: 0 }],
  ['slice', [[4]], { starts: [0], steps: [2], sizes: [3] }],
  ['slice', [[4]], { starts: [0], steps: [0], sizes: [3] }],
  ['transpose', [[2, 2]], { permutation: [0, 0] }],
  ['max-pool', [[1, 1, 4, 4]], { ...pool, ceilMode: false, pads: [2, 0, 0, 0] }],
  ['max-pool', [[1, 1, 4, 4]], { ...pool, ceilMode: false, strides: [0, 1] }],
  [
    'conv',
    [
      [1, 3, 4, 4],
      [2, 3, 5, 5],
    ],
    { group: 1, strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] },
  ],
  [
    'conv',
    [
      [1, 3, 4, 4],
      [2, 3, 0, 0],
    ],
    { group: 1, strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] },
  ],
  [
    'matmul',
    [
      [2, 3],
      [2, 3],
    ],
    {},
  ],
  ['softmax', [[2, 3]], { axis: 2 }],
  ['softmax', [[2, 3]], { axis: -1 }],
  [
    'concat',
    [
      [2, 3],
      [3, 3],
    ],
    { axis: 1 },
  ],
  ['relu', [], {}],
])('%s of %j with %j is refused', (op, shapes, attributes) => {
  const types = shapes.map((shape) => ({ dtype: 'f32', shape }) as const);
  expect(() => operator(op).infer(types, attributes)).toThrow(expect.objectContaining({ code: 'op-invalid' }));
});
