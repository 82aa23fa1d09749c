// Dead code: nodes, constants and types that no output of the graph depends on.

import type { Graph, Node } from '../graph.js';

/** Keeps what the outputs need; inputs of the graph always stay. Returns the very same graph if nothing is dead. */
export function sweep(graph: Graph): Graph {
  const live = new Set([...graph.inputs, ...graph.outputs.map((output) => output.value)]);
  const nodes: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => live.has(output))) continue;
    nodes.push(node);
    for (const inner of node.body ?? []) for (const value of [...inner.inputs, ...inner.outputs]) live.add(value);
    for (const value of [...node.inputs, ...node.outputs]) live.add(value);
  }
  if (nodes.length === graph.nodes.length && [...graph.types.keys()].every((value) => live.has(value))) return graph;
  const keep = <T>(map: ReadonlyMap<string, T>) => new Map([...map].filter(([value]) => live.has(value)));
  return {
    ...graph,
    nodes: nodes.reverse(),
    types: keep(graph.types),
    constants: keep(graph.constants),
    layouts: keep(graph.layouts),
  };
}
