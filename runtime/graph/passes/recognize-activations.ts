// Exporters spell some activations out; as one operator they cost one pass over memory and can be fused.

import type { Graph, Node } from '../graph.js';
import { type Replacement, type RewriteView, rewrite } from './rewrite.js';

export function recognizeActivations(graph: Graph): Graph {
  return rewrite(graph, (node, view) => {
    if (node.op === 'mul') return gated(node, view) ?? sixth(node, view);
    return node.op === 'div' ? sixth(node, view) : undefined;
  });
}

/** x·sigmoid(x), x·hardsigmoid(x) with slope 1/6, x·tanh(softplus(x)), in either order. */
function gated(node: Node, view: RewriteView): Replacement | undefined {
  const [a = '', b = ''] = node.inputs;
  for (const [x, gate] of [
    [a, b],
    [b, a],
  ] as const) {
    const found = { inputs: [x], attributes: {} };
    if (view.soleProducer(gate, 'sigmoid')?.inputs[0] === x) return { op: 'silu', ...found };
    const hard = view.soleProducer(gate, 'hard-sigmoid');
    if (hard?.inputs[0] === x && isNear(hard.attributes['alpha'], 1 / 6) && hard.attributes['beta'] === 0.5) {
      return { op: 'hard-swish', ...found };
    }
    const tanh = view.soleProducer(gate, 'tanh');
    if (tanh && view.soleProducer(tanh.inputs[0], 'softplus')?.inputs[0] === x) return { op: 'mish', ...found };
  }
  return undefined;
}

/** clip(x + 3, 0, 6) / 6 is a hard sigmoid; (x · clip(x + 3, 0, 6)) / 6 a hard swish. */
function sixth(node: Node, view: RewriteView): Replacement | undefined {
  const [a = '', b = ''] = node.inputs;
  const [value, factor] = node.op === 'mul' && view.constant(a) ? [b, a] : [a, b];
  if (!isNear(scalarOf(view, factor), node.op === 'mul' ? 1 / 6 : 6)) return undefined;
  const direct = shiftedClip(value, view);
  if (direct !== undefined) return { op: 'hard-sigmoid', inputs: [direct], attributes: { alpha: 1 / 6, beta: 0.5 } };
  const product = view.soleProducer(value, 'mul');
  const [p = '', q = ''] = product?.inputs ?? [];
  if (shiftedClip(q, view) === p || shiftedClip(p, view) === q) {
    return product && { op: 'hard-swish', inputs: [shiftedClip(q, view) === p ? p : q], attributes: {} };
  }
  return undefined;
}

/** The x of clip(x + 3, 0, 6). */
function shiftedClip(value: string, view: RewriteView): string | undefined {
  const clip = view.soleProducer(value, 'clip');
  if (clip?.attributes['min'] !== 0 || clip.attributes['max'] !== 6) return undefined;
  const [a = '', b = ''] = view.soleProducer(clip.inputs[0], 'add')?.inputs ?? [];
  if (scalarOf(view, b) === 3) return a;
  return scalarOf(view, a) === 3 ? b : undefined;
}

function scalarOf(view: RewriteView, value: string): number | undefined {
  const tensor = view.constant(value);
  return tensor?.dtype === 'f32' && tensor.data.length === 1 ? Number(tensor.data[0]) : undefined;
}

/** Constants come as f32. */
function isNear(value: unknown, want: number): boolean {
  return typeof value === 'number' && Math.abs(value - want) <= Math.abs(want) * 2 ** -22;
}
