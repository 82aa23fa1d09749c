// A graph while it is being drawn: values that later nodes may read, and what makes them.

import { elementCount, type Shape, type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import type { AttributeSketch, NodeSketch } from '../support/onnx-writer.js';
import type { Random } from './random.js';

export interface Value {
  readonly name: string;
  readonly dtype: Tensor['dtype'];
  readonly shape: Shape;
  /** The same bits whoever computes it, so that what jumps (rounding, comparing) may read it. */
  readonly exact: boolean;
}

/** Says that no value so far suits an operator. */
export class Unsuited extends Error {}

/** Operators that only move, choose or compare numbers. */
const exactOperators: ReadonlySet<string> = new Set(
  (
    'Abs And ArgMax ArgMin Cast Ceil CenterCropPad Clip Concat DepthToSpace Equal Expand Flatten Floor Gather GatherElements GatherND ' +
    'GlobalMaxPool Greater GreaterOrEqual Identity IsNaN Less LessOrEqual Max MaxPool Min Neg Not OneHot Or Pad ReduceMax ReduceMin Relu ' +
    'Reshape Round ScatterElements ScatterND Sign Slice SpaceToDepth Split Squeeze ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Where Xor'
  ).split(' '),
);

export class Draft {
  readonly random: Random;
  readonly nodes: NodeSketch[] = [];
  readonly constants: Record<string, Tensor> = {};
  readonly #values: readonly Value[];
  readonly #exact: Map<string, boolean>;
  readonly #prefix: string;

  /** @param values what the nodes may read */
  constructor(random: Random, values: readonly Value[], prefix: string) {
    this.random = random;
    this.#values = values;
    this.#exact = new Map(values.map(({ name, exact }) => [name, exact]));
    this.#prefix = prefix;
  }

  /** A value, more often a late one. */
  value(suits: (value: Value) => boolean): Value {
    const suitable = this.#values.filter(suits);
    if (suitable.length === 0) throw new Unsuited();
    const late = suitable.slice(-3);
    return this.random.pick(this.random.chance(0.7) ? late : suitable);
  }

  /** A value of f32 whose rank is one of `ranks`, any if there are none. */
  floats(...ranks: readonly number[]): Value {
    return this.value(({ dtype, shape }) => dtype === 'f32' && (ranks.length === 0 || ranks.includes(shape.length)));
  }

  exactFloats(...ranks: readonly number[]): Value {
    return this.value(
      ({ dtype, shape, exact }) => exact && dtype === 'f32' && (ranks.length === 0 || ranks.includes(shape.length)),
    );
  }

  constant(tensor: Tensor): string {
    const name = `${this.#prefix}c${Object.keys(this.constants).length}`;
    this.constants[name] = tensor;
    this.#exact.set(name, true);
    return name;
  }

  weights(...shape: readonly number[]): string {
    return this.constant(this.random.tensor(shape));
  }

  whole(...values: readonly number[]): string {
    return this.constant(tensorOf('i64', [values.length], values));
  }

  scalar(value: number): string {
    return this.constant(tensorOf('f32', [], [value]));
  }

  /** Adds a node; returns its first output. */
  emit(
    op: string,
    inputs: readonly (Value | string)[],
    attributes: Readonly<Record<string, AttributeSketch>> = {},
    outputCount = 1,
  ): string {
    const names = inputs.map((input) => (typeof input === 'string' ? input : input.name));
    const outputs = Array.from(
      { length: outputCount },
      (_, i) => `${this.#prefix}v${this.nodes.length}${i === 0 ? '' : `_${i}`}`,
    );
    this.nodes.push({ op, inputs: names, outputs, attributes });
    const exact = exactOperators.has(op) && names.every((name) => name === '' || this.#exact.get(name) === true);
    for (const output of outputs) this.#exact.set(output, exact);
    return outputs[0] as string;
  }

  isExact(name: string): boolean {
    return this.#exact.get(name) === true;
  }

  /** A shape that broadcasts to `shape`. */
  narrowed(shape: Shape): number[] {
    const kept = this.random.chance(0.3) ? shape.slice(this.random.whole(0, shape.length)) : shape;
    return kept.map((extent) => (this.random.chance(0.25) ? 1 : extent));
  }

  /** Factors of a count, as a shape of another rank. */
  refactored(shape: Shape): number[] {
    let rest = elementCount(shape);
    const result: number[] = [];
    for (let axis = this.random.whole(0, 2); axis > 0; axis--) {
      const factors = Array.from({ length: rest }, (_, i) => i + 1).filter((factor) => rest % factor === 0);
      const factor = this.random.pick(factors);
      result.push(factor);
      rest /= factor;
    }
    return [...result, rest];
  }
}
