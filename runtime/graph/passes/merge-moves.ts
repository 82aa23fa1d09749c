// Chains of reshapes, of transposes and of slices become one; a transpose that leaves the elements in their order becomes a reshape.

import { integersAttribute } from '../attributes.js';
import type { Graph, Node } from '../graph.js';
import { type Replacement, type RewriteView, rewrite } from './rewrite.js';

export function mergeMoves(graph: Graph): Graph {
  return rewrite(graph, (node, view) => {
    if (node.op === 'reshape') return mergeReshape(node, view);
    if (node.op === 'slice') return mergeSlice(node, view);
    return node.op === 'transpose' ? mergeTranspose(node, view) : undefined;
  });
}

function mergeReshape(node: Node, view: RewriteView): Replacement | undefined {
  const inner = view.producer(node.inputs[0], 'reshape');
  return inner && { op: 'reshape', inputs: inner.inputs, attributes: node.attributes };
}

/** Every second row of every second column: read at once, though others may read the rows too. */
function mergeSlice(node: Node, view: RewriteView): Replacement | undefined {
  const inner = view.producer(node.inputs[0], 'slice');
  if (!inner) return undefined;
  const own = (name: string) => integersAttribute(node.attributes, name);
  const [from, by] = [integersAttribute(inner.attributes, 'starts'), integersAttribute(inner.attributes, 'steps')];
  const starts = own('starts').map((start, axis) => (from[axis] ?? 0) + start * (by[axis] ?? 1));
  const steps = own('steps').map((step, axis) => step * (by[axis] ?? 1));
  return { op: 'slice', inputs: inner.inputs, attributes: { ...node.attributes, starts, steps } };
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
