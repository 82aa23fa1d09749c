// What shape rules share: they refuse bad input with a sentence, and never let an extent through that nobody can allocate.

import { OnboxError } from '../core/error.js';
import { type Dtype, isFloat, printType, type Shape, type TensorType } from '../core/tensor.js';

/** More elements than this in one tensor are refused: offsets stay 32-bit in generated code. */
export const elementsMax = 2 ** 31 - 1;

/** @throws OnboxError `op-invalid`, always */
export function refuse(kind: string, reason: string): never {
  throw new OnboxError(`${kind}: ${reason}`, { code: 'op-invalid' });
}

/**
 * The type of a result.
 * @throws OnboxError `op-invalid` if an extent is negative or no whole number, or there are more than `elementsMax` elements
 */
export function checkedType(kind: string, dtype: Dtype, shape: Shape): TensorType {
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    refuse(kind, `[${shape.join(',')}] is not a shape`);
  }
  // A zero extent must not hide that the others overflow.
  const elements = shape.reduce((product, extent) => product * Math.max(extent, 1), 1);
  if (elements > elementsMax) refuse(kind, `[${shape.join(',')}] holds ${elements} elements, at most ${elementsMax} can be`);
  return { dtype, shape: [...shape] };
}

/**
 * Input `index`, which must be there.
 * @throws OnboxError `op-invalid` if it was left out
 */
export function required<T>(kind: string, inputs: readonly (T | undefined)[], index: number): T {
  return inputs[index] ?? refuse(kind, `input ${index} is missing`);
}

/**
 * Checks that there are at most `max` inputs and that the first `min` are there.
 * @throws OnboxError `op-invalid` otherwise
 */
export function checkCount(kind: string, inputs: readonly unknown[], min: number, max = min): void {
  if (inputs.length > max) refuse(kind, `takes at most ${max} inputs, got ${inputs.length}`);
  for (let index = 0; index < min; index++) required(kind, inputs, index);
}

/** @throws OnboxError `op-invalid` if `type` has not the rank */
export function checkRank(kind: string, name: string, type: TensorType, rank: number): void {
  if (type.shape.length !== rank) refuse(kind, `${name} wants rank ${rank}, got ${printType(type)}`);
}

/** @throws OnboxError `op-invalid` if an input that is there is no float, or is not of the dtype of the first */
export function checkFloats(kind: string, inputs: readonly (TensorType | undefined)[]): void {
  for (const type of inputs) {
    if (type !== undefined && !isFloat(type.dtype)) refuse(kind, `wants floats, got ${printType(type)}`);
  }
  checkSameDtype(kind, inputs);
}

/** @throws OnboxError `op-invalid` if the inputs that are there differ in dtype */
export function checkSameDtype(kind: string, inputs: readonly (TensorType | undefined)[]): void {
  const dtype = inputs[0]?.dtype;
  for (const type of inputs) {
    if (type !== undefined && type.dtype !== dtype) refuse(kind, `wants ${dtype} like input 0, got ${printType(type)}`);
  }
}

/** @throws OnboxError `op-invalid` if `axis` is none of a tensor of `rank` axes; canonical axes are never negative */
export function checkAxis(kind: string, axis: number, rank: number): number {
  if (!Number.isSafeInteger(axis) || axis < 0 || axis >= rank) refuse(kind, `axis ${axis} is outside rank ${rank}`);
  return axis;
}

/** `shape` with the extent of `axis` replaced. */
export function withExtent(shape: Shape, axis: number, extent: number): number[] {
  return shape.map((old, index) => (index === axis ? extent : old));
}

/**
 * The shape to which numpy stretches both.
 * @throws OnboxError `op-invalid` if they do not fit together
 */
export function broadcastShapes(kind: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      refuse(kind, `shapes [${a.join(',')}] and [${b.join(',')}] do not broadcast`);
    }
    return left === 1 ? right : left;
  });
}
