// One ONNX node as its importer sees it: inputs that may be left out, attributes with defaults, and the graph to write to.

import { OnboxError } from '../core/error.js';
import { type Dtype, type Shape, sameShape, type Tensor } from '../core/tensor.js';
import type { Attributes } from '../graph/graph.js';
import { numbersOf, tensorFrom } from '../graph/numbers.js';
import { firstOf } from '../graph/open.js';
import type { GraphWriter, Value } from './graph-writer.js';
import { type OnnxAttribute, type OnnxNode, quote } from './model.js';

/** Translates one ONNX node. Returns its outputs in order; those at the end that onbox does not compute are left out. */
export type Importer = (call: OnnxCall) => Value | readonly Value[];

export type Importers = Readonly<Record<string, Importer>>;

export class OnnxCall {
  readonly op: string;
  readonly opset: number;
  readonly inputs: readonly (Value | undefined)[];
  readonly #node: OnnxNode;
  readonly #writer: GraphWriter;

  constructor(node: OnnxNode, inputs: readonly (Value | undefined)[], opset: number, writer: GraphWriter) {
    this.op = node.op;
    this.opset = opset;
    this.inputs = inputs;
    this.#node = node;
    this.#writer = writer;
  }

  /** How many outputs the node names; a trailing empty name does not count. */
  get outputCount(): number {
    return this.#node.outputs.findLastIndex((name) => name !== '') + 1;
  }

  /** An error for what this node asks; the driver adds which node it is. */
  invalid(reason: string): OnboxError {
    return new OnboxError(reason, { code: 'op-invalid' });
  }

  /** @throws OnboxError `op-invalid` if it was left out */
  input(index: number): Value {
    const value = this.inputs[index];
    if (!value) throw this.invalid(`input ${index} is missing`);
    return value;
  }

  /** The content of an input that must be known at import; undefined if it was left out. */
  constant(index: number, what: string): Tensor | undefined {
    const value = this.inputs[index];
    if (!value) return undefined;
    if (!value.constant) {
      const outputs = this.#node.outputs.filter((name) => name !== '').map(quote);
      throw new OnboxError(
        `its ${what}, ${quote(value.name ?? '')}, depends on the input's data, so the dimensions of ${outputs.join(', ')} are not known`,
        { code: 'shape-data-dependent' },
      );
    }
    return value.constant;
  }

  /** A constant input as plain numbers. Integers beyond 2^53 are rounded. */
  constantNumbers(index: number, what: string): number[] | undefined {
    const tensor = this.constant(index, what);
    return tensor && Array.from(numbersOf(tensor));
  }

  /** Whole numbers that older opsets pass as an attribute and newer ones as a constant input. */
  integersOf(index: number, name: string): readonly number[] | undefined {
    return this.constantNumbers(index, name) ?? this.integers(name);
  }

  has(name: string): boolean {
    return this.#node.attributes.has(name);
  }

  number(name: string, fallback?: number): number {
    return this.#attribute(name, 'a number', (value) => (typeof value === 'number' ? value : undefined), fallback);
  }

  flag(name: string, fallback: boolean): boolean {
    return this.number(name, fallback ? 1 : 0) !== 0;
  }

  text(name: string, fallback?: string): string {
    return this.#attribute(name, 'a string', (value) => (typeof value === 'string' ? value : undefined), fallback);
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const text = this.text(name, fallback);
    const choice = choices.find((candidate) => candidate === text);
    if (choice === undefined) throw this.invalid(`${name} ${quote(text)} is none of ${choices.join(', ')}`);
    return choice;
  }

  numbers(name: string): readonly number[] | undefined {
    if (!this.has(name)) return undefined;
    return this.#attribute(name, 'a list of numbers', (value) => (isNumbers(value) ? value : undefined));
  }

  texts(name: string): readonly string[] {
    return this.#attribute(name, 'a list of strings', (value) => (isTexts(value) ? value : undefined));
  }

  integers(name: string): readonly number[] | undefined {
    const numbers = this.numbers(name);
    if (numbers?.some((value) => !Number.isInteger(value))) throw this.invalid(`${name} wants whole numbers, got [${numbers}]`);
    return numbers;
  }

  tensor(name: string): Tensor {
    return this.#attribute(name, 'a tensor', (value) => (isTensor(value) ? value : undefined));
  }

  /** An axis of a tensor of `rank` axes, counted from its end where negative. Returns it as 0 … rank - 1. */
  axis(axis: number, rank: number): number {
    const normal = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(axis) || normal < 0 || normal >= rank) throw this.invalid(`axis ${axis} is outside rank ${rank}`);
    return normal;
  }

  /** Distinct axes, normalised, ascending. */
  axes(axes: readonly number[], rank: number): number[] {
    const normal = axes.map((axis) => this.axis(axis, rank)).sort((a, b) => a - b);
    if (new Set(normal).size !== normal.length) throw this.invalid(`axes [${axes}] repeat`);
    return normal;
  }

  /** Adds an operator with one output. */
  emit(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value {
    const [output] = this.emitAll(op, inputs, attributes);
    return output as Value;
  }

  emitAll(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value[] {
    return this.#writer.add(op, inputs, attributes);
  }

  /** Adds a reshape, unless `x` has that shape already. */
  reshape(x: Value, shape: Shape): Value {
    return sameShape(x.type.shape, shape) ? x : this.emit('reshape', [x], { shape });
  }

  /** A value that is known at import; `tensor` makes it once its memory is granted. */
  fold(dtype: Dtype, shape: Shape, tensor: () => Tensor): Value {
    this.#writer.claimFold({ dtype, shape });
    return this.#writer.addConstant(tensor());
  }

  /** Says that of an axis only as many elements count as `count`, i64[1], holds. A value that is known at import is cut to them. */
  openAt(value: Value, axis: number, count: Value): Value {
    if (value.constant && count.constant) return this.literal(firstOf(value.constant, axis, Number(count.constant.data[0])));
    value.open = { axis, count };
    return value;
  }

  literal(tensor: Tensor): Value {
    return this.#writer.addConstant(tensor);
  }

  scalar(dtype: Dtype, value: number): Value {
    return this.literal(tensorFrom({ dtype, shape: [] }, Float64Array.of(value)));
  }

  #attribute<T>(name: string, want: string, read: (value: OnnxAttribute) => T | undefined, fallback?: T): T {
    const value = this.#node.attributes.get(name);
    if (value === undefined && fallback !== undefined) return fallback;
    const result = value === undefined ? undefined : read(value);
    if (result === undefined) throw this.invalid(`attribute ${name} wants ${want}${value === undefined ? ', is missing' : ''}`);
    return result;
  }
}

function isNumbers(value: OnnxAttribute): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function isTexts(value: OnnxAttribute): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isTensor(value: OnnxAttribute): value is Tensor {
  return typeof value === 'object' && 'dtype' in value;
}
