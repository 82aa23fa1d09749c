// How operators of images and matrices are drawn.

import { tensorOf } from '../../runtime/core/tensor.js';
import type { Draft, Value } from './draft.js';
import type { Drawer } from './operators.js';

interface Window {
  readonly kernel: number[];
  readonly attributes: Readonly<Record<string, number[]>>;
}

/** A window that fits into the image, of one or two axes. */
function windowIn(draft: Draft, { shape }: Value, padMax = 1): Window {
  const { random } = draft;
  const extents = shape.slice(2);
  const kernel = extents.map((extent) => random.whole(1, Math.min(3, extent)));
  const pads = kernel.map((size) => Math.min(padMax, size - 1) * random.whole(0, 1));
  const dilations = kernel.map((size, axis) => (size * 2 - 1 <= (extents[axis] ?? 1) ? random.whole(1, 2) : 1));
  return {
    kernel,
    attributes: { kernel_shape: kernel, strides: kernel.map(() => random.whole(1, 2)), pads: [...pads, ...pads], dilations },
  };
}

const images = (draft: Draft): Value => draft.floats(3, 4);
const channelsOf = ({ shape }: Value): number => shape[1] ?? 1;
const positives = (draft: Draft, count: number) =>
  draft.constant(
    tensorOf(
      'f32',
      [count],
      Array.from({ length: count }, () => draft.random.whole(2, 16) / 8),
    ),
  );

function drawConv(draft: Draft): void {
  const x = images(draft);
  const channels = channelsOf(x);
  const group = draft.random.pick([1, 1, channels]);
  const outputs = group * draft.random.whole(1, 4);
  const { kernel, attributes } = windowIn(draft, x);
  const weights = draft.weights(outputs, channels / group, ...kernel);
  draft.emit('Conv', draft.random.chance(0.5) ? [x, weights, draft.weights(outputs)] : [x, weights], { ...attributes, group });
}

function drawConvTranspose(draft: Draft): void {
  const x = images(draft);
  const channels = channelsOf(x);
  const group = draft.random.pick([1, channels]);
  const { kernel, attributes } = windowIn(draft, x, 0);
  const { strides = [] } = attributes;
  const weights = draft.weights(channels, draft.random.whole(1, 3), ...kernel);
  const output_padding = strides.map((stride) => draft.random.whole(0, stride - 1));
  draft.emit('ConvTranspose', [x, weights], { ...attributes, group, output_padding });
}

function drawGemm(draft: Draft): void {
  const x = draft.floats(2);
  const [transA, transB] = draft.random.list(2, 0, 1) as [number, number];
  const inner = x.shape[transA === 1 ? 0 : 1] ?? 1;
  const columns = draft.random.whole(1, 9);
  const weights = transB === 1 ? draft.weights(columns, inner) : draft.weights(inner, columns);
  const more = draft.random.pick([[], [draft.weights(columns)], [draft.scalar(1)]]);
  draft.emit('Gemm', [x, weights, ...more], { transA, transB, alpha: { float: 0.5 }, beta: { float: 2 } });
}

function drawEinsum(draft: Draft): void {
  const x = draft.floats(2, 3);
  const [a = 1, b = 1, c = 1] = x.shape;
  if (x.shape.length === 2) {
    draft.emit('Einsum', [x, draft.weights(b, 3)], {
      equation: draft.random.pick(['ij,jk->ik', 'ij,jk->ki', 'ij,jk->k', 'ij,jk']),
    });
  } else {
    const [equation, ...shape] = draft.random.pick([
      ['bij,bjk->bik', a, c, 2],
      ['bij,kj->bki', 2, c],
      ['...j,jk->...k', c, 2],
      ['bij,bij->b', a, b, c],
    ] as const);
    draft.emit('Einsum', [x, draft.weights(...shape)], { equation });
  }
}

function drawResize(draft: Draft): void {
  const x = draft.floats(4);
  const mode = draft.random.pick(['nearest', 'linear', 'cubic']);
  const coordinate_transformation_mode = draft.random.pick(['half_pixel', 'align_corners', 'asymmetric', 'pytorch_half_pixel']);
  const scales = x.shape.map((_, axis) => (axis < 2 ? 1 : draft.random.pick([0.5, 0.75, 1, 1.3, 1.5, 2, 3])));
  const sizes = x.shape.map((extent, axis) => (axis < 2 ? extent : draft.random.whole(1, 2 * extent)));
  const target = draft.random.chance(0.3) ? [draft.constant(tensorOf('f32', [4], scales))] : ['', draft.whole(...sizes)];
  const nearest_mode = draft.random.pick(['floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil']);
  draft.emit('Resize', [x, '', ...target], { mode, coordinate_transformation_mode, nearest_mode });
}

function drawGridSample(draft: Draft): void {
  const x = draft.floats(4);
  const [n = 1] = x.shape;
  const grid = draft.constant(
    tensorOf(
      'f32',
      [n, 2, 3, 2],
      draft.random.list(12 * n, -9, 9).map((value) => value / 7.3),
    ),
  );
  const padding_mode = draft.random.pick(['zeros', 'border', 'reflection']);
  draft.emit('GridSample', [x, grid], {
    mode: draft.random.pick(['linear', 'cubic']),
    padding_mode,
    align_corners: draft.random.whole(0, 1),
  });
}

function drawRoiAlign(draft: Draft): void {
  const x = draft.floats(4);
  const boxes = draft.constant(tensorOf('f32', [2, 4], [0, 0, 2.5, 3.25, 1, 0.5, 4, 3]));
  // Not the maxima, of which onnxruntime says itself that they are wrong.
  const attributes = { output_height: 2, output_width: 3, sampling_ratio: draft.random.whole(1, 2) };
  draft.emit('RoiAlign', [x, boxes, draft.whole(0, (x.shape[0] ?? 1) - 1)], attributes);
}

function drawLevels(draft: Draft): void {
  const scale = draft.scalar(0.25);
  const zero = draft.constant(draft.random.chance(0.5) ? tensorOf('u8', [], [100]) : tensorOf('i8', [], [-3]));
  const levels = draft.emit('QuantizeLinear', [draft.exactFloats(), scale, zero]);
  draft.emit('DequantizeLinear', [levels, scale, zero]);
}

export const windows: Record<string, Drawer> = {
  Conv: drawConv,
  ConvTranspose: drawConvTranspose,
  MaxPool: (draft) => {
    const x = images(draft);
    draft.emit('MaxPool', [x], { ...windowIn(draft, x).attributes, ceil_mode: draft.random.whole(0, 1) });
  },
  AveragePool: (draft) => {
    const x = images(draft);
    const { dilations: _, ...attributes } = windowIn(draft, x).attributes;
    draft.emit('AveragePool', [x], { ...attributes, count_include_pad: draft.random.whole(0, 1) });
  },
  LpPool: (draft) => {
    const x = images(draft);
    const { dilations: _, ...attributes } = windowIn(draft, x).attributes;
    draft.emit('LpPool', [x], { ...attributes, p: draft.random.whole(1, 3) });
  },
  GlobalAveragePool: (draft) => draft.emit('GlobalAveragePool', [images(draft)]),
  GlobalMaxPool: (draft) => draft.emit('GlobalMaxPool', [images(draft)]),
  GlobalLpPool: (draft) => draft.emit('GlobalLpPool', [images(draft)], { p: draft.random.whole(1, 3) }),
  BatchNormalization: (draft) => {
    const x = draft.floats(2, 3, 4);
    const channels = channelsOf(x);
    const [scale, bias, mean] = [0, 0, 0].map(() => draft.weights(channels)) as [string, string, string];
    draft.emit('BatchNormalization', [x, scale, bias, mean, positives(draft, channels)]);
  },
  InstanceNormalization: (draft) => {
    const x = images(draft);
    draft.emit('InstanceNormalization', [x, draft.weights(channelsOf(x)), draft.weights(channelsOf(x))], {
      epsilon: { float: 0.1 },
    });
  },
  LayerNormalization: (draft) => {
    const x = draft.floats(2, 3, 4);
    const axis = draft.random.whole(1, x.shape.length - 1);
    const inner = x.shape.slice(axis);
    const inputs = draft.random.chance(0.5) ? [draft.weights(...inner), draft.weights(...inner)] : [draft.weights(...inner)];
    draft.emit('LayerNormalization', [x, ...inputs], { axis, epsilon: { float: 0.1 } });
  },
  LRN: (draft) => draft.emit('LRN', [draft.floats(4)], { size: draft.random.pick([1, 3, 5]), alpha: { float: 0.01 } }),
  MatMul: (draft) => {
    const x = draft.floats(2, 3, 4);
    draft.emit('MatMul', [x, draft.weights(x.shape.at(-1) ?? 1, draft.random.whole(1, 9))]);
  },
  Gemm: drawGemm,
  Einsum: drawEinsum,
  Resize: drawResize,
  GridSample: drawGridSample,
  RoiAlign: drawRoiAlign,
  QuantizeLinear: drawLevels,
  DequantizeLinear: drawLevels,
};
