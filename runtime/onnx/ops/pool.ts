// Pools. The global ones are reductions of the spatial axes.

import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';
import { isScalar, scaledOf, scaledValue } from '../levels.js';
import { emit2d, readWindow } from '../window.js';

export const pool: Importers = {
  AveragePool: (call) => importPool(call, 'average-pool', { countIncludePad: call.flag('count_include_pad', false) }),
  GlobalAveragePool: (call) => importGlobalPool(call, 'reduce-mean'),
  GlobalMaxPool: (call) => importGlobalPool(call, 'reduce-max'),
  MaxPool: (call) => importPool(call, 'max-pool', {}),
};

function importPool(call: OnnxCall, kind: string, more: Readonly<Record<string, boolean>>): Value {
  const x = call.input(0);
  const { kernel, strides, pads, dilations } = readWindow(call, x.type.shape.slice(2), call.integers('kernel_shape') ?? []);
  return emit2d(call, kind, [x], 1, { kernel, strides, pads, dilations, ceilMode: call.flag('ceil_mode', false), ...more });
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
