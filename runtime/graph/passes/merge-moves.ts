// Chains of reshapes and of transposes become one; a transpose that leaves the elements in their order becomes a reshape.

import { integersAttribute } from '../attributes.js';
import type { Graph, Node } from '../graph.js';
import { type Replacement, type RewriteView, rewrite } from './rewrite.js';

export function mergeMoves(graph: Graph): Graph {
  return rewrite(graph, (node, view) => {
    if (node.op === 'reshape') return mergeReshape(node, view);
    return node.op === 'transpose' ? mergeTranspose(node, view) : undefined;
  });
}

function mergeReshape(node: Node, view: RewriteView): Replacement | undefined {
  const inner = view.producer(node.inputs[0], 'reshape');
  return inner && { op: 'reshape', inputs: inner.inputs, attributes: node.attributes };
}

function mergeTranspose(node: Node, view: RewriteView): Replacement | undefined {
  const [x = ''] = node.inputs;
  const permutation = integersAttribute(node.attributes, 'permutation');
  const moved = permutation.filter((axis) => view.shape(x)[axis] !== 1);
  if (moved.every((axis, index) => index === 0 || axis > (moved[index - 1] ?? 0))) {
    return { op: 'reshape', inputs: [x], attributes: { shape: view.shape(node.outputs[0] ?? '') } };
  }
  const inner = view.producer(x, 'transpose');
  if (!inner) return undefined;
  const before = integersAttribute(inner.attributes, 'permutation');
  return { op: 'transpose', inputs: inner.inputs, attributes: { permutation: permutation.map((axis) => before[axis] ?? 0) } };
}
