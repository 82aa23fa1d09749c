// Builds a graph node by node and infers the types on the way.

import { OnboxError } from '../core/error.js';
import { elementCount, printType, type Tensor, type TensorType } from '../core/tensor.js';
import type { Attributes, Graph, GraphOutput, Node } from './graph.js';
import { operator } from './ops/index.js';
import { checkedType } from './rules.js';

/** Nodes are added in execution order: what a node reads must be there already. */
export class GraphBuilder {
  readonly #inputs: string[] = [];
  readonly #outputs: GraphOutput[] = [];
  readonly #nodes: Node[] = [];
  readonly #types = new Map<string, TensorType>();
  readonly #constants = new Map<string, Tensor>();
  readonly #counts = new Map<string, number>();

  /** @returns `name` */
  addInput(name: string, type: TensorType): string {
    this.#define(name, checkedType('input', type.dtype, type.shape));
    this.#inputs.push(name);
    return name;
  }

  /** @returns `name` */
  addConstant(name: string, tensor: Tensor): string {
    const type = checkedType('constant', tensor.dtype, tensor.shape);
    if (tensor.data.length !== elementCount(tensor.shape)) {
      throw invalid(`constant ${quote(name)} of type ${printType(type)} has ${tensor.data.length} elements`);
    }
    this.#define(name, type);
    this.#constants.set(name, tensor);
    return name;
  }

  /**
   * Adds a node.
   * @param inputs values that are there already; the empty string leaves an optional input out
   * @param outputNames made up where they are missing
   * @returns the names of all its outputs
   * @throws OnboxError `op-unknown`, `op-invalid`, or `graph-invalid` if an input is unknown or an output name is taken
   */
  add(op: string, inputs: readonly string[], attributes: Attributes = {}, outputNames: readonly string[] = []): string[] {
    const types = operator(op).infer(
      inputs.map((name) => (name === '' ? undefined : this.typeOf(name))),
      attributes,
    );
    if (outputNames.length > types.length) {
      throw invalid(`${op} has ${types.length} outputs, got ${outputNames.length} names`);
    }
    const outputs = types.map((type, index) => {
      const name = outputNames[index] || this.fresh(op);
      this.#define(name, type);
      return name;
    });
    this.#nodes.push({ op, inputs: [...inputs], outputs, attributes });
    return outputs;
  }

  /** `add` for operators of one output. */
  addOne(op: string, inputs: readonly string[], attributes: Attributes = {}, outputName?: string): string {
    const [output] = this.add(op, inputs, attributes, outputName === undefined ? [] : [outputName]);
    return output as string;
  }

  /** Makes `value` an output of the graph, called `name`. */
  output(name: string, value: string): void {
    this.typeOf(value);
    if (this.#outputs.some((output) => output.name === name)) throw invalid(`two outputs are called ${quote(name)}`);
    this.#outputs.push({ name, value });
  }

  has(value: string): boolean {
    return this.#types.has(value);
  }

  /** @throws OnboxError `graph-invalid` if there is no such value */
  typeOf(value: string): TensorType {
    const type = this.#types.get(value);
    if (type === undefined) throw invalid(`no value is called ${quote(value)} at this point`);
    return type;
  }

  constantOf(value: string): Tensor | undefined {
    return this.#constants.get(value);
  }

  /** A value name that is not taken yet. */
  fresh(prefix: string): string {
    let count = this.#counts.get(prefix) ?? 0;
    while (this.#types.has(`${prefix}_${count}`)) count++;
    this.#counts.set(prefix, count + 1);
    return `${prefix}_${count}`;
  }

  build(): Graph {
    return {
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      nodes: [...this.#nodes],
      types: new Map(this.#types),
      constants: new Map(this.#constants),
      layouts: new Map(),
    };
  }

  #define(name: string, type: TensorType): void {
    if (name === '') throw invalid('a value must have a name');
    if (this.#types.has(name)) throw invalid(`two values are called ${quote(name)}`);
    this.#types.set(name, type);
  }
}

function invalid(message: string): OnboxError {
  return new OnboxError(message, { code: 'graph-invalid' });
}

function quote(name: string): string {
  return JSON.stringify(name);
}
