// Pools. The global ones are reductions of the spatial axes.

import { elementCount, tensorOf } from '../../core/tensor.js';
import { type Slide, slideCount } from '../../graph/window.js';
import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';
import { isScalar, scaledOf, scaledValue } from '../levels.js';
import { emitSeparable, readSpatial, type Window } from '../window.js';

export const pool: Importers = {
  AveragePool: (call) => importPool(call, 'average-pool', { countIncludePad: call.flag('count_include_pad', false) }),
  GlobalAveragePool: (call) => importGlobalPool(call, 'reduce-mean'),
  GlobalMaxPool: (call) => importGlobalPool(call, 'reduce-max'),
  GlobalLpPool: importGlobalLpPool,
  LpPool: importLpPool,
  MaxPool: importMaxPool,
  MaxUnpool: importMaxUnpool,
};

function importPool(call: OnnxCall, kind: string, more: Readonly<Record<string, boolean>>): Value {
  const ceilMode = call.flag('ceil_mode', false);
  return emitSeparable(call, call.input(0), windowOf(call), (x, window) =>
    call.emit(kind, [x], { ...window, ceilMode, ...more }),
  );
}

function windowOf(call: OnnxCall): Window {
  return readSpatial(call, call.input(0).type.shape.slice(2), call.integers('kernel_shape') ?? []);
}

/** The second output says where each maximum lies in the whole input, seen as one row; within a plane by columns with storage_order. */
function importMaxPool(call: OnnxCall): Value[] {
  const largest = importPool(call, 'max-pool', {});
  if (call.outputCount < 2) return [largest];
  const x = call.input(0);
  const [height = 1, width = 1] = x.type.shape.slice(2);
  if (x.type.shape.length > 4) throw call.invalid('the indices of maxima are there for 1 or 2 spatial axes');
  const ceilMode = call.flag('ceil_mode', false);
  const places = emitSeparable(call, x, windowOf(call), (plane, window) =>
    call.emit('max-pool-indices', [plane], { ...window, ceilMode }),
  );
  if (!call.flag('storage_order', false) || x.type.shape.length < 4) return [largest, places];
  const whole = (value: number) => call.scalar('i64', value);
  const inPlane = call.emit('mod', [places, whole(height * width)], { fmod: false });
  const column = call.emit('mod', [inPlane, whole(width)], { fmod: false });
  const row = call.emit('div', [inPlane, whole(width)]);
  const moved = call.emit('add', [call.emit('mul', [column, whole(height)]), row]);
  return [largest, call.emit('add', [call.emit('sub', [places, inPlane]), moved])];
}

/** The p-norm of each plane. */
function importGlobalLpPool(call: OnnxCall): Value {
  const x = call.input(0);
  const p = call.number('p', 2);
  if (!(p >= 1)) throw call.invalid(`p is at least 1, got ${p}`);
  const attributes = { axes: x.type.shape.map((_, axis) => axis).slice(2), keepDims: true };
  if (p === 1 || p === 2) return call.emit(p === 1 ? 'reduce-l1' : 'reduce-l2', [x], attributes);
  const { dtype } = x.type;
  const powers = call.emit('pow', [call.emit('abs', [x]), call.scalar(dtype, p)]);
  return call.emit('pow', [call.emit('reduce-sum', [powers], attributes), call.scalar(dtype, 1 / p)]);
}

/** The p-norm of each window: its sum of powers is a convolution with ones. */
function importLpPool(call: OnnxCall): Value {
  const x = call.input(0);
  const { dtype } = x.type;
  const p = call.number('p', 2);
  if (!(p >= 1)) throw call.invalid(`p is at least 1, got ${p}`);
  const size = call.emit('abs', [x]);
  const powers = p === 1 ? size : call.emit('pow', [size, call.scalar(dtype, p)]);
  const ceil = call.flag('ceil_mode', false);
  const sums = emitSeparable(call, powers, windowOf(call), (value, window) => sumWindows(call, value, window, ceil));
  return p === 1 ? sums : call.emit('pow', [sums, call.scalar(dtype, 1 / p)]);
}

function sumWindows(call: OnnxCall, x: Value, { kernel, strides, pads, dilations }: Window, ceil: boolean): Value {
  const [, channels = 1, ...plane] = x.type.shape;
  // With ceil_mode the last windows reach past the pads, where 0 is read as well.
  const ends = plane.map((extent, axis) => {
    const at = (list: readonly number[], index = axis) => list[index] ?? 1;
    const [padBefore, padAfter] = [at(pads), at(pads, axis + 2)];
    const slide: Slide = { kernel: at(kernel), stride: at(strides), dilation: at(dilations), padBefore, padAfter };
    const last = (slideCount('LpPool', slide, extent, ceil) - 1) * slide.stride + (slide.kernel - 1) * slide.dilation + 1;
    return Math.max(padAfter, last - extent - padBefore);
  });
  const shape = [channels, 1, ...kernel];
  const ones = call.literal(tensorOf(x.type.dtype, shape, new Array<number>(elementCount(shape)).fill(1)));
  return call.emit('conv', [x, ones], { group: channels, strides, pads: [...pads.slice(0, 2), ...ends], dilations });
}

/**
 * Puts every element back where MaxPool found it; all others are 0. With an output_shape the indices are those of that shape, as
 * onnxruntime takes them: it is the shape that MaxPool had seen.
 */
function importMaxUnpool(call: OnnxCall): Value {
  const [x, places] = [call.input(0), call.input(1)];
  const [n = 1, c = 1, ...extents] = x.type.shape;
  const { kernel, strides, pads } = windowOf(call);
  const grown = extents.map((extent, axis) => {
    const [stride = 1, size = 1, before = 0, after = 0] = [
      strides[axis],
      kernel[axis],
      pads[axis],
      pads[axis + extents.length],
    ];
    return (extent - 1) * stride + size - before - after;
  });
  const small = [n, c, ...grown];
  const shape = call.constantNumbers(2, 'output_shape') ?? small;
  const [total, count] = [elementCount(shape), elementCount(x.type.shape)];
  if (shape.length !== small.length || total < count) throw call.invalid(`output_shape [${shape}] does not hold [${small}]`);
  const blank = call.fold(x.type.dtype, [total], () => tensorOf(x.type.dtype, [total], []));
  const filled = call.emit('scatter-elements', [blank, call.reshape(places, [count]), call.reshape(x, [count])], {
    axis: 0,
    reduction: 'none',
  });
  return call.reshape(filled, shape);
}

function importGlobalPool(call: OnnxCall, kind: string): Value {
  const x = call.input(0);
  const axes = x.type.shape.map((_, axis) => axis).slice(2);
  const own = kind === 'reduce-mean' ? scaledOf(x) : undefined;
  if (own === undefined || !isScalar(own.factor)) return call.emit(kind, [x], { axes, keepDims: true });
  // In levels: the sum is exact, its mean a matter of the factor.
  const count = axes.reduce((product, axis) => product * (x.type.shape[axis] ?? 1), 1);
  const sum = call.emit('reduce-sum', [own.numbers], { axes, keepDims: true });
  return scaledValue(call, sum, call.emit('div', [own.factor, call.scalar('f32', count)]), own.max * count);
}
