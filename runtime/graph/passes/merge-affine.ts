// Constant scales and shifts a channel are merged with each other and into the convolution before them:
// conv·a → conv with weights w·a and bias b·a, conv + d → conv with bias b + d, (x·a)·c → x·(a·c), (x + b)·c → x·c + b·c.
// Products are formed in f64 and rounded once, so results move by no more than roundings do anyway.

import { elementCount, type Tensor, tensorOf } from '../../core/tensor.js';
import type { Graph, Node } from '../graph.js';
import { type Replacement, type RewriteView, rewrite } from './rewrite.js';

export function mergeAffine(graph: Graph): Graph {
  return rewrite(graph, (node, view) => {
    if (node.op !== 'mul' && node.op !== 'add' && node.op !== 'sub' && node.op !== 'div') return undefined;
    const term = affineTerm(node, view);
    if (!term) return undefined;
    const conv = view.soleProducer(term.x, 'conv');
    if (conv) return intoConv(conv, term, view, node.outputs[0] ?? '');
    return term.op === 'mul' ? mergeScale(node, term, view) : mergeShift(node, term, view);
  });
}

/** x·values or x + values, where values has one element, or one a channel (axis 1). */
interface AffineTerm {
  readonly op: 'mul' | 'add';
  readonly x: string;
  readonly values: readonly number[];
}

function affineTerm(node: Node, view: RewriteView): AffineTerm | undefined {
  const [a = '', b = ''] = node.inputs;
  const commutes = node.op === 'mul' || node.op === 'add';
  const [x, y] = commutes && view.constant(a) ? [b, a] : [a, b];
  const tensor = view.constant(y);
  const values = tensor && channelValues(tensor, view.shape(x));
  if (!values || view.constant(x)) return undefined;
  if (node.op === 'div' && values.includes(0)) return undefined;
  switch (node.op) {
    case 'sub':
      return { op: 'add', x, values: values.map((value) => -value) };
    case 'div':
      return { op: 'mul', x, values: values.map((value) => 1 / value) };
    default:
      return { op: node.op === 'mul' ? 'mul' : 'add', x, values };
  }
}

/** The elements of a constant that stretches over all axes but axis 1. */
function channelValues(tensor: Tensor, shape: readonly number[]): number[] | undefined {
  const offset = shape.length - tensor.shape.length;
  if (tensor.dtype !== 'f32' || offset < 0) return undefined;
  const fits = tensor.shape.every((extent, axis) => extent === 1 || (axis + offset === 1 && extent === shape[1]));
  return fits ? Array.from(tensor.data as Float32Array) : undefined;
}

function intoConv(conv: Node, term: AffineTerm, view: RewriteView, output: string): Replacement | undefined {
  const [x = '', w = '', b = ''] = conv.inputs;
  const weights = view.constant(w);
  const bias = view.constant(b);
  if (weights?.dtype !== 'f32' || (b !== '' && bias?.dtype !== 'f32')) return undefined;
  const channels = weights.shape[0] ?? 0;
  const at = (channel: number) => term.values[term.values.length === 1 ? 0 : channel] ?? 0;
  const old = bias ? Array.from(bias.data as Float32Array) : new Array<number>(channels).fill(0);
  const scale = term.op === 'mul';
  const newBias = old.map((value, channel) => (scale ? value * at(channel) : value + at(channel)));
  const inputs = [x, scale ? view.addConstant(scaled(weights, at), `${output}/weights`) : w];
  if (bias || !scale) inputs.push(view.addConstant(tensorOf('f32', [channels], newBias), `${output}/bias`));
  return { op: 'conv', inputs, attributes: conv.attributes };
}

function scaled(weights: Tensor, at: (channel: number) => number): Tensor {
  const perChannel = elementCount(weights.shape.slice(1));
  const data = Float32Array.from(weights.data as Float32Array);
  for (let start = 0, channel = 0; start < data.length; start += perChannel, channel++) {
    const factor = at(channel);
    for (let index = start; index < start + perChannel; index++) data[index] = (data[index] ?? 0) * factor;
  }
  return { ...weights, data };
}

function mergeScale(node: Node, term: AffineTerm, view: RewriteView): Replacement | undefined {
  const output = node.outputs[0] ?? '';
  const inner = view.soleProducer(term.x, 'mul');
  const scale = inner && affineTerm(inner, view);
  if (scale) return withConstant('mul', scale.x, combine(scale.values, term.values, 'mul'), view, output);
  const add = view.soleProducer(term.x, 'add');
  const shift = add && affineTerm(add, view);
  // Only where the scale then meets another one: else nothing is gained.
  if (!shift || !view.soleProducer(shift.x, 'mul')) return undefined;
  const before = affineTerm(view.soleProducer(shift.x, 'mul') as Node, view);
  if (!before) return undefined;
  const product = constantLike(combine(before.values, term.values, 'mul'), view, before.x, `${output}/scale`);
  const moved = view.add('mul', [before.x, product], {}, `${output}/scaled`);
  return withConstant('add', moved, combine(shift.values, term.values, 'mul'), view, output);
}

function mergeShift(node: Node, term: AffineTerm, view: RewriteView): Replacement | undefined {
  const inner = view.soleProducer(term.x, 'add');
  const shift = inner && affineTerm(inner, view);
  if (!shift) return undefined;
  return withConstant('add', shift.x, combine(shift.values, term.values, 'add'), view, node.outputs[0] ?? '');
}

function combine(a: readonly number[], b: readonly number[], op: 'mul' | 'add'): number[] {
  const at = (values: readonly number[], index: number) => values[values.length === 1 ? 0 : index] ?? 0;
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) =>
    op === 'mul' ? at(a, index) * at(b, index) : at(a, index) + at(b, index),
  );
}

function withConstant(op: 'mul' | 'add', x: string, values: readonly number[], view: RewriteView, output: string): Replacement {
  return { op, inputs: [x, constantLike(values, view, x, `${output}/${op}`)], attributes: {} };
}

/** A scalar, or [c, 1, ...] that broadcasts along axis 1 of `x`. */
function constantLike(values: readonly number[], view: RewriteView, x: string, base: string): string {
  const rest = view
    .shape(x)
    .slice(2)
    .map(() => 1);
  const shape = values.length === 1 ? [] : [values.length, ...rest];
  return view.addConstant(tensorOf('f32', shape, values), base);
}
