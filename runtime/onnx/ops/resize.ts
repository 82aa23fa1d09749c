// Resize and its predecessor Upsample. Opset 10 and Upsample imply asymmetric coordinates; from 11 on they are an attribute and a
// region of interest may come in; 18 adds axes, antialiasing and policies for the aspect ratio.

import { isFloat } from '../../core/tensor.js';
import { tensorFrom } from '../../graph/numbers.js';
import { resamplings } from '../../graph/ops/resize.js';
import { type Resampling, shrinkingShares } from '../../graph/resampling.js';
import { withExtent } from '../../graph/rules.js';
import { splitAt } from '../../graph/walk.js';
import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const resize: Importers = { Resize: importResize, Upsample: importUpsample };

const coordinates = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
  'tf_crop_and_resize',
] as const;

interface Target {
  readonly scales: readonly number[];
  readonly sizes: readonly number[];
}

function importResize(call: OnnxCall): Value {
  if (call.opset < 11) return emitLegacy(call, call.constantNumbers(1, 'scales') ?? []);
  const x = call.input(0);
  const rank = x.type.shape.length;
  const axes = (call.integers('axes') ?? x.type.shape.map((_, axis) => axis)).map((axis) => call.axis(axis, rank));
  const target = readTarget(call, x.type.shape, axes);
  const transformation = call.choice('coordinate_transformation_mode', coordinates, 'half_pixel');
  const attributes = {
    mode: readMode(call),
    coordinates: transformation,
    nearest: call.choice('nearest_mode', ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'], 'round_prefer_floor'),
    cubicA: call.number('cubic_coeff_a', -0.75),
    excludeOutside: call.flag('exclude_outside', false),
    extrapolation: call.number('extrapolation_value', 0),
    roi: transformation === 'tf_crop_and_resize' ? readRoi(call, axes, rank) : [],
  };
  const isSmoothed = call.flag('antialias', false) && attributes.mode !== 'nearest' && target.scales.some((scale) => scale < 1);
  return isSmoothed ? emitSmoothed(call, target, attributes) : emitResize(call, x, target, attributes);
}

/** With antialias: axes that shrink one after the other, each by a product with the matrix of shares, then those that grow. */
function emitSmoothed(call: OnnxCall, { scales, sizes }: Target, attributes: ResizeAttributes): Value {
  const x = call.input(0);
  const { dtype, shape } = x.type;
  if (attributes.coordinates === 'tf_crop_and_resize') throw call.invalid('antialiasing of a cut-out is not supported');
  const shrinks = (axis: number) => (scales[axis] ?? 1) < 1;
  const start = isFloat(dtype) ? x : call.emit('cast', [x], { to: 'f32' });
  const shrunk = shape.reduce((value, _, axis) => {
    if (!shrinks(axis)) return value;
    return shrinkAxis(call, value, axis, resamplings(shape, { ...attributes, scales: [...scales], sizes: [...sizes] })[axis]);
  }, start);
  const kept = scales.map((scale, axis) => (shrinks(axis) ? 1 : scale));
  const result = emitResize(call, shrunk, { scales: kept, sizes }, attributes);
  return isFloat(dtype) ? result : call.emit('cast', [result], { to: dtype });
}

function shrinkAxis(call: OnnxCall, x: Value, axis: number, resampling: Resampling | undefined): Value {
  if (resampling === undefined) return x;
  const { size, extent } = resampling;
  const [outer, , inner] = splitAt(x.type.shape, axis);
  const shares = call.fold(x.type.dtype, [size, extent], () =>
    tensorFrom({ dtype: x.type.dtype, shape: [size, extent] }, shrinkingShares(resampling)),
  );
  const product =
    inner === 1
      ? call.emit('matmul', [call.reshape(x, [outer, extent]), call.emit('transpose', [shares], { permutation: [1, 0] })])
      : call.emit('matmul', [shares, call.reshape(x, [outer, extent, inner])]);
  return call.reshape(product, withExtent(x.type.shape, axis, size));
}

/** The scales of Upsample are an attribute in opset 7 and an input in 9. */
function importUpsample(call: OnnxCall): Value {
  return emitLegacy(call, call.numbers('scales') ?? call.constantNumbers(1, 'scales') ?? []);
}

/** onnxruntime takes the next pixel where an old nearest Resize shrinks, the one before where it grows. */
function emitLegacy(call: OnnxCall, scales: readonly number[]): Value {
  const { shape } = call.input(0).type;
  if (scales.length !== shape.length) throw call.invalid(`scales wants ${shape.length} numbers, got [${scales}]`);
  const shrinks = scales.some((scale) => scale < 1);
  return emitResize(call, call.input(0), scaled(shape, scales), {
    mode: readMode(call),
    coordinates: 'asymmetric',
    nearest: shrinks ? 'ceil' : 'floor',
    cubicA: -0.75,
    excludeOutside: false,
    extrapolation: 0,
    roi: [],
  });
}

type ResizeAttributes = Readonly<Record<string, string | number | boolean | number[]>>;

function emitResize(call: OnnxCall, x: Value, target: Target, attributes: ResizeAttributes): Value {
  if (!target.scales.every((scale) => scale > 0 && scale < Infinity))
    throw call.invalid(`scales [${target.scales}] are not positive`);
  return call.emit('resize', [x], { ...attributes, ...target, antialias: false });
}

function readMode(call: OnnxCall): 'nearest' | 'linear' | 'cubic' {
  // Upsample in opset 7 to 9 also wrote "bilinear".
  const mode = call.choice('mode', ['nearest', 'linear', 'bilinear', 'cubic'], 'nearest');
  return mode === 'bilinear' ? 'linear' : mode;
}

function scaled(shape: readonly number[], scales: readonly number[]): Target {
  return { scales, sizes: shape.map((extent, axis) => Math.floor(extent * (scales[axis] ?? 1))) };
}

/** An empty tensor counts as left out: exporters pass one where only the other of scales and sizes is meant. */
function readTarget(call: OnnxCall, shape: readonly number[], axes: readonly number[]): Target {
  const scales = call.constantNumbers(2, 'scales') ?? [];
  const sizes = call.constantNumbers(3, 'sizes') ?? [];
  const given = sizes.length > 0 ? sizes : scales;
  if (given.length !== axes.length) throw call.invalid(`scales or sizes want ${axes.length} numbers, got [${given}]`);
  if (sizes.length === 0) {
    return scaled(
      shape,
      spread(axes, scales, () => 1, shape.length),
    );
  }
  const policy = call.choice('keep_aspect_ratio_policy', ['stretch', 'not_larger', 'not_smaller'], 'stretch');
  const ratios = axes.map((axis, index) => (sizes[index] ?? 0) / (shape[axis] ?? 1));
  if (policy === 'stretch') {
    const full = spread(axes, sizes, (axis) => shape[axis] ?? 1, shape.length);
    return { sizes: full, scales: full.map((size, axis) => size / (shape[axis] ?? 1)) };
  }
  const ratio = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  const kept = axes.map((axis) => Math.floor((shape[axis] ?? 1) * ratio + 0.5));
  return {
    sizes: spread(axes, kept, (axis) => shape[axis] ?? 1, shape.length),
    scales: spread(
      axes,
      axes.map(() => ratio),
      () => 1,
      shape.length,
    ),
  };
}

/** [starts..., ends...] of all axes, in shares of the extent. */
function readRoi(call: OnnxCall, axes: readonly number[], rank: number): number[] {
  const given = call.constantNumbers(1, 'region') ?? [];
  if (given.length !== 2 * axes.length) throw call.invalid(`roi wants ${2 * axes.length} numbers, got [${given}]`);
  const starts = spread(axes, given.slice(0, axes.length), () => 0, rank);
  const ends = spread(axes, given.slice(axes.length), () => 1, rank);
  return [...starts, ...ends];
}

/** Full rank from values of some axes. */
function spread(
  axes: readonly number[],
  values: readonly number[],
  fallback: (axis: number) => number,
  rank: number,
): number[] {
  return Array.from({ length: rank }, (_, axis) => {
    const index = axes.indexOf(axis);
    return (index < 0 ? undefined : values[index]) ?? fallback(axis);
  });
}
