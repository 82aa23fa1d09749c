// Fusion: pointwise operators join the node that computes what they read, so that a value in between is never stored. A residual add
// joins one of the two it adds and reads the other.

import { sameShape } from '../../core/tensor.js';
import type { Graph, Node } from '../graph.js';
import { isPointwise, sharesMemory } from './pointwise.js';

/** Nodes in a body; beyond, the code of one kernel gets too long to be good. */
const bodyMax = 24;

export function fuse(graph: Graph): Graph {
  const uses = countUses(graph);
  const nodes: (Node | undefined)[] = [];
  const producer = new Map<string, number>();
  let changed = false;
  for (const node of graph.nodes) {
    const at = joinable(graph, node, nodes, producer, uses);
    const host = at === undefined ? undefined : nodes[at];
    if (at !== undefined && host !== undefined) {
      const readers = widened(graph, node, nodes, producer, uses, at);
      for (const place of [at, ...readers.map(({ place }) => place)]) nodes[place] = undefined;
      nodes.push(join(host, [...readers.flatMap(({ reader }) => reader.body ?? [reader]), node]));
      changed = true;
    } else {
      nodes.push(node);
    }
    for (const output of node.outputs) producer.set(output, nodes.length - 1);
  }
  return changed ? { ...graph, nodes: nodes.filter((node) => node !== undefined) } : graph;
}

/** The place of the node that `node` may join: the heaviest, of equals the latest. */
function joinable(
  graph: Graph,
  node: Node,
  nodes: readonly (Node | undefined)[],
  producer: ReadonlyMap<string, number>,
  uses: ReadonlyMap<string, number>,
): number | undefined {
  if (!isPointwise(node.op)) return undefined;
  const shape = graph.types.get(node.outputs[0] ?? '')?.shape ?? [];
  let best: number | undefined;
  for (const input of node.inputs) {
    const at = producer.get(input);
    const host = at === undefined ? undefined : nodes[at];
    if (at === undefined || host === undefined || host.outputs.length !== 1) continue;
    if (sharesMemory(host.op) || (host.body?.length ?? 1) >= bodyMax) continue;
    const reads = node.inputs.filter((other) => other === input).length;
    if (uses.get(input) !== reads || !sameShape(graph.types.get(input)?.shape ?? [], shape)) continue;
    const lead = best === undefined ? 1 : weight(host) - weight(nodes[best] as Node);
    if (best === undefined || lead > 0 || (lead === 0 && at > best)) best = at;
  }
  return best;
}

/** Nodes that are not pointwise compute more; joining them saves the larger pass. */
function weight(node: Node): number {
  return (node.body ?? [node]).filter((inner) => !isPointwise(inner.op)).length;
}

/**
 * Other nodes that `node` reads and that do no more than widen levels: they join too, since reading the levels is cheaper than reading
 * what they stand for.
 */
function widened(
  graph: Graph,
  node: Node,
  nodes: readonly (Node | undefined)[],
  producer: ReadonlyMap<string, number>,
  uses: ReadonlyMap<string, number>,
  host: number,
): { place: number; reader: Node }[] {
  const found = new Map<number, Node>();
  for (const input of node.inputs) {
    const place = producer.get(input);
    const reader = place === undefined ? undefined : nodes[place];
    if (place === undefined || place === host || reader === undefined || !readsLevels(graph, reader)) continue;
    if (uses.get(input) === node.inputs.filter((other) => other === input).length) found.set(place, reader);
  }
  return [...found].map(([place, reader]) => ({ place, reader }));
}

function readsLevels(graph: Graph, node: Node): boolean {
  const body = node.body ?? [node];
  const [first] = body;
  const dtype = graph.types.get(first?.inputs[0] ?? '')?.dtype;
  return first?.op === 'cast' && (dtype === 'u8' || dtype === 'i8') && body.every(({ op }) => isPointwise(op));
}

function join(host: Node, nodes: readonly Node[]): Node {
  const body = [...(host.body ?? [host]), ...nodes];
  const inside = new Set(body.flatMap((inner) => inner.outputs));
  const inputs = [...new Set(body.flatMap((inner) => inner.inputs))].filter((name) => name !== '' && !inside.has(name));
  return { op: 'fused', inputs, outputs: nodes.at(-1)?.outputs ?? [], attributes: {}, body };
}

function countUses(graph: Graph): Map<string, number> {
  const uses = new Map<string, number>();
  const count = (name: string) => uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const { value } of graph.outputs) count(value);
  return uses;
}
