// Nodes of a graph as the subgraph that a plugin compiles.

import type { NpuNode, NpuSubgraph, NpuTensor } from '../../addon/index.js';
import { assert } from '../core/assert.js';
import { numberToHalf } from '../core/float16.js';
import type { Tensor } from '../core/tensor.js';
import type { Graph, Node } from '../graph/graph.js';
import { translate } from './translate.js';

/** What a region computes with. */
export type Precision = 'f32' | 'f16';

export interface Offloaded {
  readonly subgraph: NpuSubgraph;
  /** For each node of the subgraph the index of the graph's node that it is a part of. */
  readonly sources: readonly number[];
  /** Values of the graph that go in and come out, in the order of the subgraph. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * @param nodes all have a translation
 * @param outputs values of the nodes that are wanted outside
 * @param addConstant takes the bytes of a constant, and says where they lie
 */
export function offload(
  graph: Graph,
  nodes: readonly Node[],
  outputs: readonly string[],
  precision: Precision,
  addConstant: (bytes: Uint8Array) => number,
): Offloaded {
  const builder = new Builder(graph, precision, addConstant);
  for (const [source, node] of nodes.entries()) builder.add(node, source);
  return builder.finish(outputs);
}

class Builder {
  private readonly tensors: NpuTensor[] = [];
  private readonly nodes: NpuNode[] = [];
  private readonly sources: number[] = [];
  private readonly indices = new Map<string, number>();
  private readonly inputs: string[] = [];
  private readonly graph: Graph;
  private readonly precision: Precision;
  private readonly addConstant: (bytes: Uint8Array) => number;

  constructor(graph: Graph, precision: Precision, addConstant: (bytes: Uint8Array) => number) {
    this.graph = graph;
    this.precision = precision;
    this.addConstant = addConstant;
  }

  add(node: Node, source: number): void {
    const made = translate(this.graph, node);
    assert(typeof made !== 'string', `${node.op} has no translation`);
    const { op, integers, floats, after } = made;
    const operands = made.inputs.map((name) => (name === '' ? -1 : this.operand(name)));
    const output = node.outputs[0] ?? '';
    if (after === undefined) {
      this.push({ op, inputs: operands, output: this.tensorOf(output), integers, floats }, source);
      return;
    }
    const between = this.tensors.push(this.typeOf(output)) - 1;
    this.push({ op, inputs: operands, output: between, integers, floats }, source);
    const inputs = [operands[0] ?? -1, between];
    this.push({ op: after, inputs, output: this.tensorOf(output), integers: [], floats: [] }, source);
  }

  finish(outputs: readonly string[]): Offloaded {
    const { tensors, nodes, sources, inputs } = this;
    const indexOf = (name: string) => this.indices.get(name) ?? -1;
    const subgraph = { tensors, nodes, inputs: inputs.map(indexOf), outputs: outputs.map(indexOf) };
    return { subgraph, sources, inputs, outputs };
  }

  private push(node: NpuNode, source: number): void {
    this.nodes.push(node);
    this.sources.push(source);
  }

  /** A value that is read: of a node before, a constant, or else an input of the region. */
  private operand(name: string): number {
    const known = this.indices.get(name);
    if (known !== undefined) return known;
    const constant = this.graph.constants.get(name);
    if (constant === undefined) this.inputs.push(name);
    return this.tensorOf(name, constant === undefined ? {} : { offset: this.addConstant(this.bytesOf(constant)) });
  }

  private tensorOf(name: string, more: Partial<NpuTensor> = {}): number {
    const index = this.tensors.push({ ...this.typeOf(name), ...more }) - 1;
    this.indices.set(name, index);
    return index;
  }

  private typeOf(name: string): NpuTensor {
    return { dtype: this.precision, shape: this.graph.types.get(name)?.shape ?? [] };
  }

  private bytesOf({ data }: Tensor): Uint8Array {
    if (this.precision === 'f32') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return new Uint8Array(Uint16Array.from(data as Float32Array, numberToHalf).buffer);
  }
}
