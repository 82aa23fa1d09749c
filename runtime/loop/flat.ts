// Positions in memory: an index of several axes as one number.

import { type Shape, stridesOf } from '../core/tensor.js';
import { type Affine, add, constant, scale } from './affine.js';
import type { Buffer, Program } from './program.js';
import { visitStatements } from './statement.js';

/** The row-major position of an index in a buffer of `shape`, in elements. */
export function flatIndex(index: readonly Affine[], shape: Shape): Affine {
  const strides = stridesOf(shape);
  return index.reduce<Affine>((sum, at, axis) => add(sum, scale(at, strides[axis] ?? 1)), constant(0));
}

/** All buffers of a program by name, its locals too. */
export function buffersOf(program: Program): Map<string, Buffer> {
  const buffers = new Map(program.buffers.map((buffer) => [buffer.name, buffer]));
  visitStatements(program.body, (statement) => {
    if (statement.kind === 'local') buffers.set(statement.buffer.name, statement.buffer);
  });
  return buffers;
}
