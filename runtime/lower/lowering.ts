// What an operator states about its computation, in logical indices. How values are stored, which loops run where and what is
// fused is none of its business: it says what the element at an index is, and the context turns that into a program.

import type { TensorType } from '../core/tensor.js';
import type { Attributes } from '../graph/graph.js';
import type { Affine } from '../loop/affine.js';
import type { Combine, Expression } from '../loop/program.js';

/** An input of an operator. */
export interface Operand {
  readonly type: TensorType;
  /** Channels that lie side by side where the value is stored in blocks (axis 1 of rank 4), else 1. */
  readonly block: number;
  /** The element at a logical index. Outside the tensor it is 0, which is how zero padding is stated, or the number `outside`. */
  read(index: readonly Affine[], outside?: number): Expression;
}

/** An axis to reduce over: a short name for the loop, and its extent. */
export interface ReduceAxis {
  readonly name: string;
  readonly extent: number;
}

export interface Reduction {
  readonly combine: Combine;
  readonly axes: readonly ReduceAxis[];
  /** What it starts from; the identity of `combine` where absent. */
  readonly start?: Expression;
  /** The term at the indices of `axes`, in their order. */
  readonly term: (...indices: readonly Affine[]) => Expression;
}

export interface Scope {
  readonly attributes: Attributes;
  /** Input `i`, undefined where it was left out. */
  operand(i: number): Operand | undefined;
  /** Input `i`, which the operator always has. */
  input(i: number): Operand;
  readonly output: TensorType;
  /** Which output is wanted, for operators of several. */
  readonly outputIndex: number;
  /** Computes an expression once, for an operator that uses it more than once. */
  share(value: Expression): Expression;
  /** Sums up (or multiplies, takes the largest…) over axes; the value is ready wherever the result stands. */
  reduce(reduction: Reduction): Expression;
}

export interface Lowering {
  readonly kind: string;
  /** The element of the output at `index`. */
  value(scope: Scope, index: readonly Affine[]): Expression;
  /**
   * How many elements along each output axis are computed together, because they have most of their work in common (`Scope.share`
   * states equal expressions once). Rank 4; not along channels. Absent or undefined: each alone.
   */
  tile?(attributes: Attributes, output: TensorType): readonly number[] | undefined;
  /**
   * Output axes that the reductions do not depend on, as the axis of a softmax: they are looped over after the reductions.
   * Absent: none.
   */
  sharedAxes?(attributes: Attributes, output: TensorType): readonly number[];
}
