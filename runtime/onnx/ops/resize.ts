// Resize and its predecessor Upsample. Opset 10 and Upsample imply asymmetric coordinates; from 11 on they are an attribute and a
// region of interest may come in; 18 adds axes, antialiasing and policies for the aspect ratio.

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
  const antialias = call.flag('antialias', false);
  if (antialias && target.scales.some((scale) => scale < 1)) throw call.invalid('antialiasing is not supported');
  const transformation = call.choice('coordinate_transformation_mode', coordinates, 'half_pixel');
  return emitResize(call, target, {
    mode: readMode(call),
    coordinates: transformation,
    nearest: call.choice('nearest_mode', ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'], 'round_prefer_floor'),
    cubicA: call.number('cubic_coeff_a', -0.75),
    excludeOutside: call.flag('exclude_outside', false),
    extrapolation: call.number('extrapolation_value', 0),
    roi: transformation === 'tf_crop_and_resize' ? readRoi(call, axes, rank) : [],
  });
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
  return emitResize(call, scaled(shape, scales), {
    mode: readMode(call),
    coordinates: 'asymmetric',
    nearest: shrinks ? 'ceil' : 'floor',
    cubicA: -0.75,
    excludeOutside: false,
    extrapolation: 0,
    roi: [],
  });
}

function emitResize(
  call: OnnxCall,
  target: Target,
  attributes: Readonly<Record<string, string | number | boolean | number[]>>,
): Value {
  if (!target.scales.every((scale) => scale > 0 && scale < Infinity))
    throw call.invalid(`scales [${target.scales}] are not positive`);
  return call.emit('resize', [call.input(0)], { ...attributes, ...target, antialias: false });
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
