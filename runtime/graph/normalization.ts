// What the normalizations share: a run of elements brought to mean 0 and variance 1.

import { printType, type TensorType } from '../core/tensor.js';
import type { Numbers } from './numbers.js';
import { refuse } from './rules.js';

/** values[start ... start + count) shifted and scaled to mean 0 and variance 1, to the same place of `to`. */
export function normalizeRun(to: Numbers, values: Numbers, start: number, count: number, epsilon: number): void {
  let sum = 0;
  for (let i = start; i < start + count; i++) sum += values[i] as number;
  const mean = sum / count;
  let squares = 0;
  for (let i = start; i < start + count; i++) squares += ((values[i] as number) - mean) ** 2;
  const scale = 1 / Math.sqrt(squares / count + epsilon);
  for (let i = start; i < start + count; i++) to[i] = ((values[i] as number) - mean) * scale;
}

/**
 * Checks that x is [n, c, ...] and each of `parameters` is [c].
 * @throws OnboxError `op-invalid` if not
 */
export function checkPerChannel(kind: string, x: TensorType, parameters: readonly TensorType[]): void {
  if (x.shape.length < 2) refuse(kind, `wants [n, c, ...], got ${printType(x)}`);
  for (const type of parameters) {
    if (type.shape.length !== 1 || type.shape[0] !== x.shape[1]) {
      refuse(kind, `parameters ${printType(type)} do not go with the channels of ${printType(x)}`);
    }
  }
}

/** Elements of one channel of one image of [n, c, ...]. */
export function planeSize(x: TensorType): number {
  return x.shape.slice(2).reduce((product, extent) => product * extent, 1);
}

/** values[i] * scale[channel] + bias[channel], in place, for [n, c, ...]. */
export function scaleChannels(values: Numbers, type: TensorType, scale: Numbers, bias: Numbers): void {
  const plane = planeSize(type);
  const channels = type.shape[1] as number;
  for (let i = 0; i < values.length; i++) {
    const channel = Math.floor(i / plane) % channels;
    values[i] = (values[i] as number) * (scale[channel] as number) + (bias[channel] as number);
  }
}
