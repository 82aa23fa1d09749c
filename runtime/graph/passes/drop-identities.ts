// Removes operators that hand their input on unchanged.

import { sameShape, type Tensor } from '../../core/tensor.js';
import type { Graph, Node } from '../graph.js';
import { type RewriteView, rewrite } from './rewrite.js';

export function dropIdentities(graph: Graph): Graph {
  return rewrite(graph, (node, view) => {
    const kept = node.outputs.length === 1 ? identityOf(node, view) : undefined;
    return kept === undefined ? undefined : { alias: kept };
  });
}

/** The input that the node's output equals. */
function identityOf(node: Node, view: RewriteView): string | undefined {
  const [x = '', other = ''] = node.inputs;
  const unchanged = sameType(view, x, node.outputs[0] ?? '');
  switch (node.op) {
    case 'reshape':
    case 'expand':
    case 'tile':
    case 'cast':
    case 'split':
      return unchanged ? x : undefined;
    case 'slice':
      return unchanged && allEqual(node.attributes['steps'], 1) ? x : undefined;
    case 'pad':
      return unchanged && allEqual(node.attributes['pads'], 0) ? x : undefined;
    case 'concat':
      return node.inputs.length === 1 ? x : undefined;
    case 'clip':
      return node.attributes['min'] === -Infinity && node.attributes['max'] === Infinity ? x : undefined;
    case 'transpose':
      return (node.attributes['permutation'] as readonly number[]).every((from, to) => from === to) ? x : undefined;
    case 'resize':
      return unchanged && allEqual(node.attributes['scales'], 1) && node.attributes['coordinates'] !== 'tf_crop_and_resize'
        ? x
        : undefined;
    case 'mul':
      return neutralOf(node, view, 1);
    case 'add':
      return neutralOf(node, view, 0);
    case 'div':
      return unchanged && holdsOnly(view.constant(other), 1) ? x : undefined;
    case 'sub':
      return unchanged && holdsOnly(view.constant(other), 0) ? x : undefined;
    default:
      return undefined;
  }
}

/** For an operator that commutes: the input that is left where the other holds nothing but the neutral element. */
function neutralOf(node: Node, view: RewriteView, neutral: number): string | undefined {
  const [a = '', b = ''] = node.inputs;
  const output = node.outputs[0] ?? '';
  if (holdsOnly(view.constant(b), neutral) && sameType(view, a, output)) return a;
  return holdsOnly(view.constant(a), neutral) && sameType(view, b, output) ? b : undefined;
}

function sameType(view: RewriteView, a: string, b: string): boolean {
  return view.types.get(a)?.dtype === view.types.get(b)?.dtype && sameShape(view.shape(a), view.shape(b));
}

function allEqual(values: unknown, want: number): boolean {
  return Array.isArray(values) && values.every((value) => value === want);
}

function holdsOnly(tensor: Tensor | undefined, want: number): boolean {
  if (!tensor || tensor.dtype === 'f16') return false;
  return (tensor.data as Float32Array).every((value) => Number(value) === want);
}
