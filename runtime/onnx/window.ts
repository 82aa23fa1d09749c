// Sliding windows of convolutions and pools. ONNX allows any number of spatial axes; onbox computes two, and lifts one to two.

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
  const strides = perAxis(call, 'strides', rank, 1);
  const dilations = perAxis(call, 'dilations', rank, 1);
  if (kernel.length !== rank) throw call.invalid(`kernel_shape wants ${rank} numbers, got [${kernel}]`);
  const pads = readPads(call, extents, { kernel, strides, dilations });
  if (rank === 2) return { kernel, strides, pads, dilations };
  const [begin = 0, end = 0] = pads;
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
