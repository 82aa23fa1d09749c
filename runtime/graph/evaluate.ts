// Runs a graph by the reference of every operator: slow, and the truth. A layout never changes what is computed.

import { OnboxError } from '../core/error.js';
import { elementCount, printType, sameShape, type Tensor, type TensorType } from '../core/tensor.js';
import type { Graph, Node } from './graph.js';
import { closeOutputs } from './open.js';
import { operator } from './ops/index.js';

/**
 * The graph's outputs, by their names. With `keep` it is every value instead, by value name, those inside of fused nodes too; without
 * it a value is dropped after its last use.
 * @param feeds one tensor for each input, by value name
 * @throws OnboxError `input-mismatch` if one is missing or of another type, `op-invalid` if data are, such as an index
 */
export function evaluate(
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  { keep = false }: { readonly keep?: boolean } = {},
): Map<string, Tensor> {
  const values = new Map(graph.constants);
  for (const name of graph.inputs) values.set(name, checkedFeed(name, graph.types.get(name) as TensorType, feeds.get(name)));
  const lastUses = keep ? undefined : lastUsesOf(graph);
  graph.nodes.forEach((node, index) => {
    runNode(graph, node, values);
    for (const name of lastUses?.[index] ?? []) values.delete(name);
  });
  if (keep) return values;
  return closeOutputs(graph.open, new Map(graph.outputs.map(({ name, value }) => [name, values.get(value) as Tensor])));
}

/**
 * Runs one node on `values`, and adds its outputs there, and those of the nodes in its body.
 * @throws OnboxError `op-invalid` if data are invalid, such as an index
 */
function runNode(graph: Graph, node: Node, values: Map<string, Tensor>): void {
  if (node.body !== undefined) {
    for (const inner of node.body) runNode(graph, inner, values);
    return;
  }
  const types = node.outputs.map((name) => graph.types.get(name) as TensorType);
  const inputs = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
  const results = operator(node.op).evaluate(inputs, node.attributes, types);
  node.outputs.forEach((name, index) => {
    values.set(name, results[index] as Tensor);
  });
}

function checkedFeed(name: string, want: TensorType, got: Tensor | undefined): Tensor {
  if (got === undefined) {
    throw new OnboxError(`input ${JSON.stringify(name)} wants ${printType(want)}, got nothing`, { code: 'input-mismatch' });
  }
  if (got.dtype !== want.dtype || !sameShape(got.shape, want.shape) || got.data.length !== elementCount(want.shape)) {
    throw new OnboxError(
      `input ${JSON.stringify(name)} wants ${printType(want)}, got ${printType(got)} of ${got.data.length} elements`,
      { code: 'input-mismatch' },
    );
  }
  return got;
}

/** For each node the values that nothing reads after it. */
function lastUsesOf(graph: Graph): string[][] {
  const seen = new Set(graph.outputs.map(({ value }) => value));
  const isNew = (name: string) => !seen.has(name) && seen.add(name) !== undefined;
  return graph.nodes
    .map((_, index) => {
      const node = graph.nodes.at(-1 - index) as Node;
      return [...(node.body ?? []).flatMap((inner) => inner.outputs), ...node.outputs, ...node.inputs].filter(isNew);
    })
    .toReversed();
}
