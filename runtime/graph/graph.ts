// The graph IR: nodes in execution order over named values in single assignment. Shapes are static.
// Operators are onbox's own canonical ones (ops/index.ts): what ONNX passes as constant inputs (axes, shapes, limits) are
// attributes here, so that every later stage sees plain numbers.

import type { Tensor, TensorType } from '../core/tensor.js';

/** JSON-like. Infinity is allowed (clip without a limit). */
export type Attribute = number | string | boolean | readonly number[] | readonly string[];
export type Attributes = Readonly<Record<string, Attribute>>;

export interface Node {
  /** A kind of ops/index.ts, or `fused`. */
  readonly op: string;
  /** Value names; the empty string is an optional input that was left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  /** The nodes that a `fused` node runs in order. Their inner values are in `Graph.types` too. */
  readonly body?: readonly Node[];
}

/**
 * How a value of rank 4 is stored: channels in blocks of `block` innermost, [n, ceil(c/block), top+h+bottom, left+w+right, block].
 * The border holds `fill`. Channels past c hold numbers that no consumer may let through.
 */
export interface Layout {
  readonly block: number;
  /** Border in elements: top, left, bottom, right. */
  readonly border: readonly [number, number, number, number];
  /** The level that stands for zero; 0 where it is absent. */
  readonly fill?: number;
}

export interface GraphOutput {
  /** The name that the model gives it. */
  readonly name: string;
  readonly value: string;
}

/** An extent that the data decides: of an axis of an output only as many elements count as another output, i64[1], says. */
export interface OpenExtent {
  readonly axis: number;
  /** Name of that output, which nobody outside sees. */
  readonly count: string;
}

export interface Graph {
  readonly inputs: readonly string[];
  readonly outputs: readonly GraphOutput[];
  /** By name of the output. Absent: none. */
  readonly open?: ReadonlyMap<string, OpenExtent>;
  readonly nodes: readonly Node[];
  /** The type of every value: inputs, constants and node outputs. */
  readonly types: ReadonlyMap<string, TensorType>;
  readonly constants: ReadonlyMap<string, Tensor>;
  /** Values that are not stored row-major. Evaluation ignores it: a layout never changes what is computed. */
  readonly layouts: ReadonlyMap<string, Layout>;
  /** Values of f32 that are stored as f16: what reads them widens, what writes them rounds. Absent: none. Evaluation ignores it. */
  readonly halves?: ReadonlySet<string>;
  /** Outputs of nodes that compute in f16 throughout: all that they read and write is in `halves`. Absent: none. */
  readonly narrow?: ReadonlySet<string>;
}

/** What every canonical operator states about itself; one file an operator in ops/. */
export interface OpDefinition {
  readonly kind: string;
  /**
   * The shape rule. Inputs that were left out are undefined.
   * @throws OnboxError `op-invalid` with the reason in words
   */
  infer(inputs: readonly (TensorType | undefined)[], attributes: Attributes): TensorType[];
  /** The reference: plain loops, no cleverness. Float arithmetic in f64, rounded to the dtype when stored. */
  evaluate(inputs: readonly (Tensor | undefined)[], attributes: Attributes, outputs: readonly TensorType[]): Tensor[];
}

export type { Tensor, TensorType };
