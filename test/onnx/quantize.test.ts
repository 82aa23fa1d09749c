// Quantised operators: sums are those of whole numbers, however a model states them, and results are rounded to even and saturate.

import { type Dtype, type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import { optimize } from '../../runtime/graph/passes/index.js';
import { importModel } from '../../runtime/onnx/import.js';
import { readModel } from '../../runtime/onnx/read.js';
import { type NodeSketch, writeOnnx } from '../support/onnx-writer.js';

type Initializers = Readonly<Record<string, Tensor>>;

/** What looks random and is the same every time, of low..high. */
function levels(dtype: Dtype, shape: readonly number[], low: number, high: number): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return tensorOf(
    dtype,
    shape,
    Array.from({ length: count }, (_, i) => low + ((i * 7919 + 13 * (i % 7)) % (high - low + 1))),
  );
}

function run(nodes: readonly NodeSketch[], x: Tensor, initializers: Initializers, domain?: string): Tensor {
  const sketched = nodes.map((node) => ({ ...node, ...(domain === undefined ? {} : { domain }) }));
  const input = { name: 'x', dtype: x.dtype, dims: [...x.shape] };
  const bytes = writeOnnx({ inputs: [input], outputs: ['y'], nodes: sketched, initializers });
  const graph = importModel(readModel(bytes));
  const [plain, optimized] = [graph, optimize(graph)].map(
    (variant) => evaluate(variant, new Map([['x', x]])).get('y') as Tensor,
  );
  expect(optimized).toEqual(plain);
  return plain as Tensor;
}

const scalar = (dtype: Dtype, value: number) => tensorOf(dtype, [], [value]);

/** QLinearConv by the book: f64 for sums, f32 for scales. */
function convolve(x: Tensor, w: Tensor, bias: Tensor, scales: { x: number; w: Tensor; y: number }, zeros: [number, number]) {
  const [, channels = 1, height = 1, width = 1] = x.shape;
  const [outputs = 1, , kernel = 1] = w.shape;
  const result: number[] = [];
  const at = (c: number, i: number, j: number) => Number(x.data[(c * height + i) * width + j]) - zeros[0];
  for (let o = 0; o < outputs; o++) {
    const gain = Math.fround(Math.fround(scales.x * Number(w.shape[0] === undefined ? 1 : scales.w.data[o])) / scales.y);
    for (let i = 0; i <= height - kernel; i++) {
      for (let j = 0; j <= width - kernel; j++) {
        let sum = Number(bias.data[o]);
        for (let c = 0; c < channels; c++)
          for (let r = 0; r < kernel; r++)
            for (let s = 0; s < kernel; s++)
              sum += at(c, i + r, j + s) * Number(w.data[((o * channels + c) * kernel + r) * kernel + s]);
        const steps = Math.fround(Math.fround(sum) * gain);
        const even = Math.round(steps) - (Math.abs(steps % 1) === 0.5 && Math.round(steps) % 2 !== 0 ? 1 : 0);
        result.push(Math.min(255, Math.max(0, even + zeros[1])));
      }
    }
  }
  return result;
}

const x = levels('u8', [1, 5, 6, 6], 0, 255);
const w = levels('i8', [3, 5, 3, 3], -127, 127);
const bias = tensorOf('i32', [3], [-4000, 0, 1234]);
const [scaleX, scaleY] = [Math.fround(0.02), Math.fround(0.9)];
const scaleW = tensorOf('f32', [3], [0.011, 0.02, 0.0037]);
const scaleB = tensorOf(
  'f32',
  [3],
  [...scaleW.data].map((value) => Math.fround(scaleX * Number(value))),
);
const constants: Initializers = {
  w,
  bias,
  sx: scalar('f32', scaleX),
  zx: scalar('u8', 121),
  sw: scaleW,
  zw: tensorOf('i8', [3], [0, 0, 0]),
  sy: scalar('f32', scaleY),
  zy: scalar('u8', 130),
  sb: scaleB,
};
const wanted = convolve(x, w, bias, { x: scaleX, w: scaleW, y: scaleY }, [121, 130]);

test('QLinearConv is the convolution of whole numbers, with one rounding at its end', () => {
  const inputs = ['x', 'sx', 'zx', 'w', 'sw', 'zw', 'sy', 'zy', 'bias'];
  expect([...run([{ op: 'QLinearConv', inputs, outputs: ['y'] }], x, constants).data]).toEqual(wanted);
});

test('a convolution between DequantizeLinear and QuantizeLinear is the same one', () => {
  const nodes: NodeSketch[] = [
    { op: 'DequantizeLinear', inputs: ['x', 'sx', 'zx'], outputs: ['xf'] },
    { op: 'DequantizeLinear', inputs: ['w', 'sw', 'zw'], outputs: ['wf'], attributes: { axis: 0 } },
    { op: 'DequantizeLinear', inputs: ['bias', 'sb'], outputs: ['bf'], attributes: { axis: 0 } },
    { op: 'Conv', inputs: ['xf', 'wf', 'bf'], outputs: ['yf'] },
    { op: 'QuantizeLinear', inputs: ['yf', 'sy', 'zy'], outputs: ['y'] },
  ];
  expect([...run(nodes, x, constants).data]).toEqual(wanted);
});

test('sums beyond what f32 counts are exact in ConvInteger and MatMulInteger', () => {
  const ones = tensorOf('u8', [1, 600, 1, 1], new Array(600).fill(255));
  const sum = run([{ op: 'ConvInteger', inputs: ['x', 'k'], outputs: ['y'] }], ones, {
    k: tensorOf('u8', [1, 600, 1, 1], new Array(600).fill(255).with(0, 254)),
  });
  expect(sum).toEqual(tensorOf('i32', [1, 1, 1, 1], [600 * 255 * 255 - 255]));
  const row = tensorOf('u8', [1, 600], new Array(600).fill(255));
  const product = run([{ op: 'MatMulInteger', inputs: ['x', 'k'], outputs: ['y'] }], row, {
    k: tensorOf('u8', [600, 2], new Array(1200).fill(255).with(0, 254)),
  });
  expect(product).toEqual(tensorOf('i32', [1, 2], [600 * 255 * 255 - 255, 600 * 255 * 255]));
});

test('QuantizeLinear rounds ties to even and saturates', () => {
  const values = tensorOf('f32', [6], [0.5, 1.5, -0.5, 2.5, 1000, -1000]);
  const levelsOf = (zero: Tensor) =>
    run([{ op: 'QuantizeLinear', inputs: ['x', 's', 'z'], outputs: ['y'] }], values, { s: scalar('f32', 1), z: zero });
  expect([...levelsOf(scalar('u8', 10)).data]).toEqual([10, 12, 10, 12, 255, 0]);
  expect([...levelsOf(scalar('i8', -3)).data]).toEqual([-3, -1, -3, -1, 127, -128]);
});

test('operators of com.microsoft work on the numbers that the levels stand for', () => {
  const parts = { s: scalar('f32', 0.5), z: scalar('u8', 128), b: tensorOf('u8', [2], [130, 126]), so: scalar('f32', 1) };
  const first = tensorOf('u8', [2], [140, 100]);
  const inputs = ['x', 's', 'z', 'b', 's', 'z', 'so', 'z'];
  const sum = run([{ op: 'QLinearAdd', inputs, outputs: ['y'] }], first, parts, 'com.microsoft');
  expect([...sum.data]).toEqual([135, 113]);
  const joined = run(
    [{ op: 'QLinearConcat', inputs: ['so', 'z', 'x', 's', 'z', 'b', 's', 'z'], outputs: ['y'], attributes: { axis: 0 } }],
    first,
    parts,
    'com.microsoft',
  );
  expect([...joined.data]).toEqual([134, 114, 129, 127]);
});
