// What the passes share: one walk over the nodes in execution order, in which a rule may replace a node. Values keep their names,
// and what nothing reads any more is swept away, so a rule never has to delete.

import type { Tensor, TensorType } from '../../core/tensor.js';
import type { Attributes, Graph, Node } from '../graph.js';
import { operator } from '../ops/index.js';
import { sweep } from './sweep.js';

/** What a node becomes: another operator with the same output, an earlier value, or known tensors, one an output. */
export type Replacement =
  | { readonly op: string; readonly inputs: readonly string[]; readonly attributes: Attributes }
  | { readonly alias: string }
  | { readonly constants: readonly Tensor[] };

/** Looks at one node and returns what it becomes, or undefined to leave it. Its inputs are up to date. */
export type Rule = (node: Node, view: RewriteView) => Replacement | undefined;

/** The graph around a node, with everything before it already rewritten. */
export class RewriteView {
  readonly types: Map<string, TensorType>;
  readonly constants: Map<string, Tensor>;
  readonly nodes: Node[] = [];
  readonly #producers = new Map<string, Node>();
  readonly #uses: Map<string, number>;
  readonly #aliases = new Map<string, string>();

  constructor(graph: Graph) {
    this.types = new Map(graph.types);
    this.constants = new Map(graph.constants);
    this.#uses = countUses(graph);
  }

  shape(value: string): readonly number[] {
    return this.types.get(value)?.shape ?? [];
  }

  constant(value: string | undefined): Tensor | undefined {
    return value === undefined ? undefined : this.constants.get(value);
  }

  /** The node that computes `value`, if it is of the kind `op`. */
  producer(value: string | undefined, op: string): Node | undefined {
    const node = value === undefined ? undefined : this.#producers.get(value);
    return node?.op === op ? node : undefined;
  }

  /** Like `producer`, but only where nothing else reads `value`, so that its node goes away once it is absorbed. */
  soleProducer(value: string | undefined, op: string): Node | undefined {
    return value !== undefined && this.#uses.get(value) === 1 ? this.producer(value, op) : undefined;
  }

  /** Adds a constant under a new name that begins with `base`. */
  addConstant(tensor: Tensor, base: string): string {
    const name = this.#fresh(base);
    this.types.set(name, { dtype: tensor.dtype, shape: tensor.shape });
    this.constants.set(name, tensor);
    return name;
  }

  /** Adds an operator of one output in front of the node that is looked at. */
  add(op: string, inputs: readonly string[], attributes: Attributes, base: string): string {
    const name = this.#fresh(base);
    const [type] = operator(op).infer(
      inputs.map((input) => this.types.get(input)),
      attributes,
    );
    if (type) this.types.set(name, type);
    this.#uses.set(name, 1);
    this.push({ op, inputs, outputs: [name], attributes });
    return name;
  }

  push(node: Node): void {
    this.nodes.push(node);
    for (const output of node.outputs) this.#producers.set(output, node);
  }

  resolve(value: string): string {
    return this.#aliases.get(value) ?? value;
  }

  setAlias(value: string, target: string): void {
    this.#aliases.set(value, target);
    this.#uses.set(target, (this.#uses.get(target) ?? 0) + (this.#uses.get(value) ?? 0) - 1);
  }

  #fresh(base: string): string {
    let name = base;
    for (let suffix = 1; this.types.has(name); suffix++) name = `${base}.${suffix}`;
    return name;
  }
}

/** Applies a rule to every node once, from the first to the last. Returns the very same graph if it replaced nothing. */
export function rewrite(graph: Graph, rule: Rule): Graph {
  const view = new RewriteView(graph);
  let changed = false;
  for (const original of graph.nodes) {
    const inputs = original.inputs.map((input) => view.resolve(input));
    const node = inputs.every((input, index) => input === original.inputs[index]) ? original : { ...original, inputs };
    const replacement = rule(node, view);
    changed ||= replacement !== undefined;
    if (!replacement) view.push(node);
    else replace(node, replacement, view);
  }
  if (!changed) return graph;
  return sweep({
    ...graph,
    nodes: view.nodes,
    outputs: graph.outputs.map(({ name, value }) => ({ name, value: view.resolve(value) })),
    types: view.types,
    constants: view.constants,
  });
}

function replace(node: Node, replacement: Replacement, view: RewriteView): void {
  if ('constants' in replacement) {
    replacement.constants.forEach((tensor, index) => {
      const output = node.outputs[index];
      if (output !== undefined) view.constants.set(output, tensor);
    });
  } else if ('alias' in replacement) {
    for (const output of node.outputs) view.setAlias(output, replacement.alias);
  } else {
    view.push({ ...replacement, outputs: node.outputs });
  }
}

/** How often each value is read, by nodes and as an output of the graph. */
function countUses(graph: Graph): Map<string, number> {
  const uses = new Map<string, number>();
  const count = (value: string) => uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const output of graph.outputs) count(output.value);
  return uses;
}
