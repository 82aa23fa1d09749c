// Small networks of the families that people export, node for node as PyTorch and others write them: shape arithmetic, squeezes, masks
// and reshapes included. Weights are seeded and small.

import { type Shape, tensorOf } from '../../runtime/core/tensor.js';
import type { ModelSketch, ValueSketch } from '../support/onnx-writer.js';
import { Export } from './export.js';

const whole = (name: string): ValueSketch => ({ name, dtype: 'i64' });
const open = (channels: number) => [{ name: 'input', dims: ['batch', channels, 'height', 'width'] }];

/** Inverted residuals with squeeze and excitation; the gate as HardSigmoid, the activation as HardSwish or as Clip of x + 3. */
function mobilenetV3(): ModelSketch {
  const e = new Export();
  let x = e.add('HardSwish', [e.conv('input', 3, 8, 3, { strides: [2, 2] })]);
  for (const kernel of [3, 5]) {
    const wide = e.conv(x, 8, 24, 1);
    const active = e.add('Div', [
      e.add('Mul', [wide, e.add('Clip', [e.add('Add', [wide, e.scalar(3)]), e.scalar(0), e.scalar(6)])]),
      e.scalar(6),
    ]);
    const deep = e.conv(active, 24, 24, kernel, { group: 24 });
    const pooled = e.add('GlobalAveragePool', [deep]);
    const gate = e.conv(e.add('Relu', [e.conv(pooled, 24, 8, 1)]), 8, 24, 1);
    const excited = e.add('Mul', [e.add('HardSigmoid', [gate], { alpha: { float: 1 / 6 } }), deep]);
    x = e.add('Add', [x, e.conv(excited, 24, 8, 1)]);
  }
  const flat = e.add('Flatten', [e.add('GlobalAveragePool', [x])]);
  return e.finish(open(3), [e.add('Gemm', [flat, e.weight(10, 8), e.weight(10)], { transB: 1 })]);
}

/** SAME padding computed from the shape, Swish as Sigmoid and Mul, the mean as ReduceMean. */
function efficientNet(): ModelSketch {
  const e = new Export();
  const swish = (x: string) => e.add('Mul', [x, e.add('Sigmoid', [x])]);
  const padded = e.add('Pad', ['input', e.ints(0, 0, 0, 0, 0, 0, 1, 1), e.scalar(0)], { mode: 'constant' });
  let x = swish(e.conv(padded, 3, 8, 3, { strides: [2, 2], pads: [0, 0, 0, 0] }));
  const deep = swish(e.conv(swish(e.conv(x, 8, 32, 1)), 32, 32, 3, { group: 32, auto_pad: 'SAME_UPPER', strides: [2, 2] }));
  const mean = e.add('ReduceMean', [deep], { axes: [2, 3], keepdims: 1 });
  const gate = e.add('Sigmoid', [e.conv(swish(e.conv(mean, 32, 4, 1)), 4, 32, 1)]);
  x = e.conv(e.add('Mul', [deep, gate]), 32, 16, 1);
  const flat = e.add('Reshape', [e.add('GlobalAveragePool', [x]), e.add('Concat', [e.size(x, 0), e.ints(-1)], { axis: 0 })]);
  return e.finish(open(3), [e.add('Softmax', [e.linear(flat, 16, 7)], { axis: -1 })], 13);
}

/** An encoder, features resized to each other and to the picture by their shapes, and the best class of each pixel. */
function segmentation(): ModelSketch {
  const e = new Export();
  const fine = e.add('Relu', [e.conv('input', 3, 8, 3, { strides: [2, 2] })]);
  const coarse = e.add('Relu', [e.conv(fine, 8, 16, 3, { strides: [2, 2], dilations: [1, 1] })]);
  const wide = e.add('Relu', [e.conv(coarse, 16, 16, 3, { dilations: [2, 2], pads: [2, 2, 2, 2] })]);
  const pooled = e.add('Relu', [e.conv(e.add('GlobalAveragePool', [coarse]), 16, 16, 1)]);
  const sizeOf = (x: string) => e.add('Slice', [e.add('Shape', [x]), e.ints(2), e.ints(4), e.ints(0)]);
  const resized = (x: string, to: string, mode: string) => {
    const sizes = e.add('Concat', [e.add('Slice', [e.add('Shape', [x]), e.ints(0), e.ints(2), e.ints(0)]), sizeOf(to)], {
      axis: 0,
    });
    return e.add('Resize', [x, '', '', sizes], {
      mode,
      coordinate_transformation_mode: 'half_pixel',
      cubic_coeff_a: { float: -0.75 },
    });
  };
  const joined = e.add('Concat', [wide, resized(pooled, coarse, 'linear'), coarse], { axis: 1 });
  const up = e.add('Concat', [resized(e.conv(joined, 48, 8, 1), fine, 'linear'), fine], { axis: 1 });
  const logits = resized(e.conv(up, 16, 5, 3), 'input', 'linear');
  return e.finish(open(3), [logits, whole(e.add('ArgMax', [logits], { axis: 1, keepdims: 0 }))]);
}

/** Heads permuted and flattened, boxes from priors of the graph: centre by Mul and Add, size by Exp. */
function ssd(): ModelSketch {
  const e = new Export();
  const maps = [8, 16].map((_, i) => e.conv('input', 3, 8, 3, { strides: i === 0 ? [4, 4] : [8, 8] }));
  const flat = (x: string, per: number) => {
    const moved = e.add('Transpose', [x], { perm: [0, 2, 3, 1] });
    return e.add('Reshape', [moved, e.add('Concat', [e.size(x, 0), e.ints(-1, per)], { axis: 0 })]);
  };
  const heads = (per: number) =>
    e.add(
      'Concat',
      maps.map((map) => flat(e.conv(e.add('Relu', [map]), 8, 2 * per, 3), per)),
      { axis: 1 },
    );
  const count = 2 * (8 * 8 + 4 * 4);
  const priors = e.weight(1, count, 4);
  const part = (x: string, from: number, to: number) => e.add('Slice', [x, e.ints(from), e.ints(to), e.ints(2)]);
  const boxes = heads(4);
  const centers = e.add('Add', [
    e.add('Mul', [e.add('Mul', [part(boxes, 0, 2), e.scalar(0.1)]), part(priors, 2, 4)]),
    part(priors, 0, 2),
  ]);
  const sizes = e.add('Mul', [e.add('Exp', [e.add('Mul', [part(boxes, 2, 4), e.scalar(0.2)])]), part(priors, 2, 4)]);
  const half = e.add('Div', [sizes, e.scalar(2)]);
  const corners = e.add('Concat', [e.add('Sub', [centers, half]), e.add('Add', [centers, half])], { axis: -1 });
  return e.finish([{ name: 'input', dims: [1, 3, 32, 32] }], [e.add('Softmax', [heads(3)], { axis: 2 }), corners], 13);
}

/** Heat maps by ConvTranspose; the place of each maximum by ArgMax, Mod and Div of whole numbers. */
function keypoints(): ModelSketch {
  const e = new Export();
  let x = e.add('Relu', [e.conv('input', 3, 12, 3, { strides: [4, 4] })]);
  x = e.add('ConvTranspose', [x, e.weight(12, 8, 4, 4)], { kernel_shape: [4, 4], strides: [2, 2], pads: [1, 1, 1, 1] });
  x = e.conv(
    e.add('Relu', [e.add('BatchNormalization', [x, e.weight(8), e.weight(8), e.weight(8), e.add('Abs', [e.weight(8)])])]),
    8,
    5,
    1,
  );
  const flat = e.add('Reshape', [x, e.ints(0, 0, -1)]);
  const place = e.add('ArgMax', [flat], { axis: 2, keepdims: 1 });
  const width = e.size(x, 3);
  const parts = [e.add('Mod', [place, width]), e.add('Div', [place, width])];
  const found = e.add(
    'Concat',
    parts.map((part) => e.add('Cast', [part], { to: 1 })),
    { axis: 2 },
  );
  return e.finish(open(3), [e.add('Mul', [found, e.scalar(2)]), e.add('ReduceMax', [flat], { axes: [2], keepdims: 1 })]);
}

/** Blocks with residuals, DepthToSpace in the order of PixelShuffle, and a bicubic picture added. */
function superResolution(): ModelSketch {
  const e = new Export();
  const head = e.add('PRelu', [e.conv('input', 1, 8, 3), e.weight(8, 1, 1)]);
  const body = e.add('Add', [head, e.conv(e.add('LeakyRelu', [e.conv(head, 8, 8, 3)], { alpha: { float: 0.2 } }), 8, 8, 3)]);
  const up = e.add('DepthToSpace', [e.conv(body, 8, 4, 3)], { blocksize: 2, mode: 'CRD' });
  const scales = e.constant(tensorOf('f32', [4], [1, 1, 2, 2]));
  const bicubic = e.add('Resize', ['input', '', scales], {
    mode: 'cubic',
    coordinate_transformation_mode: 'pytorch_half_pixel',
    cubic_coeff_a: { float: -0.75 },
  });
  return e.finish(open(1), [e.add('Clip', [e.add('Add', [up, bicubic]), e.scalar(0), e.scalar(1)])]);
}

/** Columns of a picture as steps: LSTM in both directions twice, then a class for each step. */
function crnn(): ModelSketch {
  const e = new Export();
  let x = e.add('MaxPool', [e.add('Relu', [e.conv('input', 1, 8, 3)])], { kernel_shape: [2, 2], strides: [2, 2] });
  x = e.add('MaxPool', [e.add('Relu', [e.conv(x, 8, 12, 3)])], { kernel_shape: [8, 1], strides: [8, 1] });
  x = e.add('Transpose', [e.add('Squeeze', [x, e.ints(2)])], { perm: [2, 0, 1] });
  for (const width of [12, 20]) {
    const zeros = e.add('Expand', [e.scalar(0), e.add('Concat', [e.ints(2), e.size(x, 1), e.ints(10)], { axis: 0 })]);
    const [y = ''] = e.all(
      'LSTM',
      [x, e.weight(2, 40, width), e.weight(2, 40, 10), e.weight(2, 80), '', zeros, zeros],
      { hidden_size: 10, direction: 'bidirectional' },
      3,
    );
    x = e.add('Reshape', [e.add('Transpose', [y], { perm: [0, 2, 1, 3] }), e.ints(0, 0, -1)]);
  }
  return e.finish(
    [{ name: 'input', dims: ['batch', 1, 16, 'width'] }],
    [e.add('LogSoftmax', [e.linear(x, 20, 11)], { axis: 2 })],
  );
}

function attend(
  e: Export,
  [query, key, value]: readonly [string, string, string],
  width: number,
  heads: number,
  mask?: string,
): string {
  const split = (x: string, perm: number[]) => {
    const shape = e.add('Concat', [e.size(x, 0), e.size(x, 1), e.ints(heads, width / heads)], { axis: 0 });
    return e.add('Transpose', [e.add('Reshape', [e.linear(x, width, width), shape])], { perm });
  };
  const scaled = e.add('Mul', [split(query, [0, 2, 1, 3]), e.scalar(Math.sqrt(heads / width))]);
  let scores = e.add('MatMul', [scaled, split(key, [0, 2, 3, 1])]);
  if (mask !== undefined) scores = e.add('Add', [scores, mask]);
  const mixed = e.add('MatMul', [e.add('Softmax', [scores], { axis: -1 }), split(value, [0, 2, 1, 3])]);
  const joined = e.add('Reshape', [e.add('Transpose', [mixed], { perm: [0, 2, 1, 3] }), e.ints(0, 0, -1)]);
  return e.linear(joined, width, width);
}

/** As it is written before opset 17. */
function layerNorm(e: Export, x: string, width: number): string {
  const centered = e.add('Sub', [x, e.add('ReduceMean', [x], { axes: [-1] })]);
  const variance = e.add('ReduceMean', [e.add('Pow', [centered, e.scalar(2)])], { axes: [-1] });
  const normal = e.add('Div', [centered, e.add('Sqrt', [e.add('Add', [variance, e.scalar(1e-5)])])]);
  return e.add('Add', [e.add('Mul', [normal, e.weight(width)]), e.weight(width)]);
}

/** Sines of places counted by CumSum over a mask, an encoder, queries that attend to it, and boxes by Sigmoid. */
function detr(): ModelSketch {
  const e = new Export();
  const width = 16;
  const map = e.conv('input', 3, width, 3, { strides: [4, 4] });
  const plane = e.add('Concat', [e.size(map, 0), e.size(map, 2), e.size(map, 3)], { axis: 0 });
  const ones = e.add('Cast', [e.add('Not', [e.add('ConstantOfShape', [plane], { value: tensorOf('bool', [1], [0]) })])], {
    to: 1,
  });
  const places = [1, 2].map((axis) => {
    const counted = e.add('CumSum', [ones, e.int(axis)]);
    const angle = e.add('Div', [e.add('Unsqueeze', [counted, e.ints(3)]), e.constant(tensorOf('f32', [4], [1, 3, 10, 30]))]);
    return e.add('Concat', [e.add('Sin', [angle]), e.add('Cos', [angle])], { axis: 3 });
  });
  const position = e.add('Transpose', [e.add('Concat', places, { axis: 3 })], { perm: [0, 3, 1, 2] });
  const tokens = (x: string) => {
    const shape = e.add('Concat', [e.size(x, 0), e.size(x, 1), e.ints(-1)], { axis: 0 });
    return e.add('Transpose', [e.add('Reshape', [x, shape])], { perm: [0, 2, 1] });
  };
  let memory = tokens(map);
  const at = tokens(position);
  const key = e.add('Add', [memory, at]);
  memory = layerNorm(e, e.add('Add', [memory, attend(e, [key, key, memory], width, 4)]), width);
  const batch = e.add('Concat', [e.size(map, 0), e.ints(1, 1)], { axis: 0 });
  const queries = e.add('Expand', [e.add('Unsqueeze', [e.weight(6, width), e.ints(0)]), batch]);
  const own = attend(e, [queries, queries, queries], width, 4);
  const found = layerNorm(
    e,
    e.add('Add', [own, attend(e, [e.add('Add', [own, queries]), e.add('Add', [memory, at]), memory], width, 4)]),
    width,
  );
  const hidden = e.add('Relu', [e.linear(found, width, 24)]);
  return e.finish(open(3), [e.linear(hidden, 24, 5), e.add('Sigmoid', [e.linear(hidden, 24, 4)])], 16);
}

/** Windows of a picture rolled by half of one, with a mask and a bias gathered by a constant index. */
function swin(): ModelSketch {
  const e = new Export();
  const [side, window, width, heads] = [8, 4, 12, 3];
  const patches = e.conv('input', 3, width, 4, { strides: [4, 4], pads: [0, 0, 0, 0] });
  let x = e.add('Transpose', [patches], { perm: [0, 2, 3, 1] });
  for (const axis of [1, 2]) {
    const far = e.add('Slice', [x, e.ints(2), e.ints(2 ** 31 - 1), e.ints(axis)]);
    x = e.add('Concat', [far, e.add('Slice', [x, e.ints(0), e.ints(2), e.ints(axis)])], { axis });
  }
  const grid = side / window;
  const split = e.add('Reshape', [x, e.ints(-1, grid, window, grid, window, width)]);
  const tokens = e.add('Reshape', [e.add('Transpose', [split], { perm: [0, 1, 3, 2, 4, 5] }), e.ints(-1, window ** 2, width)]);
  const index = Array.from({ length: window ** 4 }, (_, i) => (i * 31) % (2 * window - 1) ** 2);
  const bias = e.add('Gather', [e.weight((2 * window - 1) ** 2, heads), e.ints(...index)]);
  const square = e.add('Transpose', [e.add('Reshape', [bias, e.ints(window ** 2, window ** 2, -1)])], { perm: [2, 0, 1] });
  const mask = e.add('Where', [
    e.add('Equal', [e.weight(grid ** 2, 1, window ** 2, window ** 2), e.scalar(0)]),
    e.scalar(-100),
    e.scalar(0),
  ]);
  const added = e.add('Add', [e.add('Unsqueeze', [square, e.ints(0)]), mask]);
  const mixed = attend(e, [tokens, tokens, tokens], width, heads, added);
  const erf = e.add('Add', [e.add('Erf', [e.add('Div', [mixed, e.scalar(Math.SQRT2)])]), e.scalar(1)]);
  const gelu = e.add('Mul', [e.add('Mul', [mixed, erf]), e.scalar(0.5)]);
  const back = e.add('Reshape', [gelu, e.ints(-1, grid, grid, window, window, width)]);
  const whole = e.add('Reshape', [e.add('Transpose', [back], { perm: [0, 1, 3, 2, 4, 5] }), e.ints(-1, side, side, width)]);
  const quarters = [0, 1].flatMap((column) =>
    [0, 1].map((row) => {
      const rows = e.add('Slice', [whole, e.ints(row), e.ints(2 ** 31 - 1), e.ints(1), e.ints(2)]);
      return e.add('Slice', [rows, e.ints(column), e.ints(2 ** 31 - 1), e.ints(2), e.ints(2)]);
    }),
  );
  return e.finish([{ name: 'input', dims: ['batch', 3, 32, 32] }], [e.linear(e.add('Concat', quarters, { axis: -1 }), 48, 24)]);
}

/** Offsets that a convolution makes sample the features, around a grid of places; what they find is weighed. */
function deformable(): ModelSketch {
  const e = new Export();
  const features = e.conv('input', 3, 6, 3, { strides: [2, 2] });
  const offsets = e.add('Tanh', [e.conv(features, 6, 2, 3)]);
  const line = (count: number) =>
    e.constant(
      tensorOf(
        'f32',
        [count],
        Array.from({ length: count }, (_, i) => (2 * i + 1) / count - 1),
      ),
    );
  const [rows, columns] = [
    e.add('Expand', [e.add('Reshape', [line(12), e.ints(1, 12, 1, 1)]), e.ints(1, 12, 16, 1)]),
    e.add('Expand', [e.add('Reshape', [line(16), e.ints(1, 1, 16, 1)]), e.ints(1, 12, 16, 1)]),
  ];
  const moved = e.add('Transpose', [offsets], { perm: [0, 2, 3, 1] });
  const grid = e.add('Add', [e.add('Concat', [columns, rows], { axis: 3 }), e.add('Mul', [moved, e.scalar(0.2)])]);
  const sampled = e.add('GridSample', [features, grid], { mode: 'bilinear', padding_mode: 'zeros', align_corners: 0 });
  const [best = '', index = ''] = e.all('TopK', [e.add('Reshape', [sampled, e.ints(1, 6, -1)]), e.ints(5)], { axis: 2 }, 2);
  const picked = e.add('GatherElements', [e.add('Reshape', [features, e.ints(1, 6, -1)]), index], { axis: 2 });
  const pairs = e.add('Einsum', [picked, best], { equation: 'bci,bcj->bij' });
  return e.finish([{ name: 'input', dims: [1, 3, 24, 32] }], [pairs, whole(index)], 16);
}

/** What onnxruntime writes when it is asked for the model that it has optimised. */
function optimised(): ModelSketch {
  const e = new Export();
  const filters = () => [e.weight(8, 8, 3, 3), e.weight(8)];
  const same = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const first = e.conv('input', 3, 8, 3);
  const [relu, leaky, clipped] = [
    { activation: 'Relu' },
    { activation: 'LeakyRelu', activation_params: { floats: [0.25] } },
    { activation: 'Clip', activation_params: { floats: [-0.5, 0.5] } },
  ].map((attributes) => e.fused('FusedConv', [first, ...filters()], { ...same, ...attributes })) as [string, string, string];
  const added = e.fused('FusedConv', [relu, ...filters(), leaky], { ...same, activation: 'Relu' });
  const flat = e.add('Reshape', [e.add('Add', [added, clipped]), e.ints(8, -1)]);
  const rows = e.add('Slice', [flat, e.ints(0), e.ints(16), e.ints(1)]);
  const gelus = [
    e.fused('Gelu', [rows]),
    e.fused('QuickGelu', [rows], { alpha: { float: 1.5 } }),
    e.fused('BiasGelu', [rows, e.weight(16)]),
    e.fused('FastGelu', [rows, e.weight(16)]),
  ];
  const skipped = e.fused('SkipLayerNormalization', [
    e.add('Unsqueeze', [e.add('Sum', gelus), e.ints(0)]),
    e.weight(1, 8, 16),
    e.weight(16),
    e.weight(16),
  ]);
  const square = e.fused('FusedMatMul', [skipped, skipped], { transB: 1, alpha: { float: 0.125 } });
  const last = e.fused('FusedGemm', [e.add('Squeeze', [square, e.ints(0)]), e.weight(8, 5), e.weight(5)], {
    activation: 'Tanh',
  });
  return e.finish(
    [{ name: 'input', dims: [1, 3, 8, 8] }],
    [last, e.add('SimplifiedLayerNormalization', [rows, e.weight(16)], { axis: -1 })],
  );
}

/** By the family's name, with the shape of a picture. */
export const families: readonly (readonly [name: string, sketch: () => ModelSketch, shape: Shape])[] = [
  ['MobileNetV3', mobilenetV3, [1, 3, 33, 40]],
  ['EfficientNet', efficientNet, [1, 3, 32, 32]],
  ['a segmentation by resized features', segmentation, [1, 3, 37, 44]],
  ['SSD with priors', ssd, [1, 3, 32, 32]],
  ['keypoints by heat maps', keypoints, [1, 3, 32, 48]],
  ['super-resolution', superResolution, [1, 1, 15, 20]],
  ['CRNN', crnn, [1, 1, 16, 36]],
  ['DETR', detr, [1, 3, 32, 24]],
  ['Swin', swin, [1, 3, 32, 32]],
  ['what onnxruntime fused', optimised, [1, 3, 8, 8]],
  ['deformable sampling', deformable, [1, 3, 24, 32]],
];
