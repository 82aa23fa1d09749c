// Sliding windows of convolutions and pools. ONNX allows any number of spatial axes; onbox computes two, and lifts one to two. A window
// over three is one over the last two, then one over the first, where the operator allows it (`emitSeparable`).

import type { Attributes } from '../graph/graph.js';
import type { OnnxCall } from './call.js';
import type { Value } from './graph-writer.js';

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  /** top, left, bottom, right */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
}

/** The attributes of a window as the canonical operators want them, for one or two spatial axes. */
export function readWindow(call: OnnxCall, extents: readonly number[], kernel: readonly number[]): Window {
  const rank = extents.length;
  if (rank !== 1 && rank !== 2) throw call.invalid(`wants 1 or 2 spatial axes, got ${rank}`);
  const window = readSpatial(call, extents, kernel);
  return rank === 2 ? window : lift(window);
}

/** The attributes of a window as the model has them: pads are [begin..., end...]. */
export function readSpatial(call: OnnxCall, extents: readonly number[], kernel: readonly number[]): Window {
  const rank = extents.length;
  const strides = perAxis(call, 'strides', rank, 1);
  const dilations = perAxis(call, 'dilations', rank, 1);
  if (kernel.length !== rank) throw call.invalid(`kernel_shape wants ${rank} numbers, got [${kernel}]`);
  return { kernel, strides, pads: readPads(call, extents, { kernel, strides, dilations }), dilations };
}

/** A window over one axis as one over two, of which the first has extent 1. */
function lift({ kernel, strides, pads: [begin = 0, end = 0], dilations }: Window): Window {
  return { kernel: [1, ...kernel], strides: [1, ...strides], pads: [0, begin, 0, end], dilations: [1, ...dilations] };
}

/** A list with one positive number an axis, `fallback` everywhere if it is missing. */
export function perAxis(call: OnnxCall, name: string, rank: number, fallback: number): readonly number[] {
  const values = call.integers(name) ?? new Array<number>(rank).fill(fallback);
  if (values.length !== rank || values.some((value) => value < fallback)) {
    throw call.invalid(`${name} wants ${rank} numbers of at least ${fallback}, got [${values}]`);
  }
  return values;
}

/** [begin..., end...] from `pads` or `auto_pad`, where SAME means that an output has ceil(input / stride) elements. */
function readPads(call: OnnxCall, extents: readonly number[], window: Omit<Window, 'pads'>): readonly number[] {
  const rank = extents.length;
  const mode = call.choice('auto_pad', ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'], 'NOTSET');
  if (mode === 'NOTSET') {
    const pads = call.integers('pads') ?? new Array<number>(2 * rank).fill(0);
    if (pads.length !== 2 * rank) throw call.invalid(`pads wants ${2 * rank} numbers, got [${pads}]`);
    return pads;
  }
  const totals = extents.map((extent, axis) => {
    if (mode === 'VALID') return 0;
    const [kernel = 1, stride = 1, dilation = 1] = [window.kernel[axis], window.strides[axis], window.dilations[axis]];
    return Math.max(0, (Math.ceil(extent / stride) - 1) * stride + (kernel - 1) * dilation + 1 - extent);
  });
  return splitPads(totals, mode === 'SAME_UPPER');
}

/** Halves total pads into [begin..., end...]; an odd one goes to the end if `upper`, else to the beginning. */
export function splitPads(totals: readonly number[], upper: boolean): number[] {
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total, axis) => total - (small[axis] ?? 0));
  return upper ? [...small, ...large] : [...large, ...small];
}

/**
 * Adds a 2-D operator whose data inputs may have a single spatial axis: it then works on [n, c, 1, l].
 * @param lifted how many of the inputs, from the first, have spatial axes
 */
export function emit2d(
  call: OnnxCall,
  kind: string,
  inputs: readonly (Value | undefined)[],
  lifted: number,
  attributes: Attributes,
): Value {
  if (call.input(0).type.shape.length === 4) return call.emit(kind, inputs, attributes);
  const flat = inputs.map((input, index) => {
    const [n = 1, c = 1, l = 1] = input?.type.shape ?? [];
    return input && index < lifted ? call.reshape(input, [n, c, 1, l]) : input;
  });
  const y = call.emit(kind, flat, attributes);
  const [n = 1, c = 1, , l = 1] = y.type.shape;
  return call.reshape(y, [n, c, l]);
}

/**
 * A window over one, two or three spatial axes, for operators whose result over a box is that over its planes, then over the line that
 * those leave: maxima, sums, means.
 * @param emit adds the operator for a value [n, c, h, w]
 */
export function emitSeparable(call: OnnxCall, x: Value, window: Window, emit: (x: Value, window: Window) => Value): Value {
  const [n = 1, c = 1, ...extents] = x.type.shape;
  if (extents.length === 2) return emit(x, window);
  if (extents.length === 1) {
    const y = emit(call.reshape(x, [n, c, 1, ...extents]), lift(window));
    return call.reshape(y, [n, c, ...y.type.shape.slice(3)]);
  }
  if (extents.length !== 3) throw call.invalid(`wants 1 to 3 spatial axes, got ${extents.length}`);
  const { kernel, strides, pads, dilations } = window;
  const [depth = 1, ...plane] = extents;
  const planes = emit(call.reshape(x, [n, c * depth, ...plane]), {
    kernel: kernel.slice(1),
    strides: strides.slice(1),
    pads: [...pads.slice(1, 3), ...pads.slice(4)],
    dilations: dilations.slice(1),
  });
  const [, , height = 1, width = 1] = planes.type.shape;
  const y = emit(call.reshape(planes, [n, c, depth, height * width]), {
    kernel: [kernel[0] ?? 1, 1],
    strides: [strides[0] ?? 1, 1],
    pads: [pads[0] ?? 0, 0, pads[3] ?? 0, 0],
    dilations: [dilations[0] ?? 1, 1],
  });
  return call.reshape(y, [n, c, y.type.shape[2] ?? 1, height, width]);
}
