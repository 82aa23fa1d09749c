// Storage in halves: which values of a laid-out graph lie in memory as f16 though they are computed as f32. Conversions need no nodes:
// what reads such a value widens it, what writes it rounds. Inputs and outputs of the graph stay as they are, so that only the kernels
// at its edges convert between the two.

import type { Tensor } from '../../core/tensor.js';
import type { Graph, Node } from '../graph.js';
import { numbersOf, tensorFrom } from '../numbers.js';
import { rootOf, viewsOf } from './views.js';

/** Operators whose second input are weights that are multiplied and summed up. */
const weighted: ReadonlySet<string> = new Set(['conv', 'conv-transpose', 'gemm', 'matmul']);

/** What Winograd keeps between its steps are sums and differences, whose rounding its last step magnifies. */
const exactOps: ReadonlySet<string> = new Set(['winograd-input', 'winograd-multiply']);

/** What may be computed in f16: products and their sums, and what follows them element by element. */
const narrowOps: ReadonlySet<string> = new Set(
  'conv relu clip leaky-relu add sub mul max min neg abs silu sigmoid tanh hard-swish hard-sigmoid max-pool'.split(' '),
);

export interface HalfOptions {
  /** Names of the values that stay f32, and with each the weights that it is computed from. */
  readonly layers: ReadonlySet<string>;
  /** Operators that are no loop programs: what they read and write stays f32. */
  readonly isHosted: (op: string) => boolean;
  /** Computes in f16 what can be. */
  readonly isNarrow: boolean;
}

/** @param graph after chooseLayouts */
export function storeHalves(graph: Graph, { layers, isHosted, isNarrow }: HalfOptions): Graph {
  const views = viewsOf(graph);
  const full = new Set([...graph.inputs, ...graph.outputs.map(({ value }) => value), ...layers]);
  for (const node of graph.nodes) {
    if (isHosted(node.op)) for (const value of [...node.inputs, ...node.outputs]) full.add(value);
    if (exactOps.has(bodyOf(node)[0]?.op ?? '')) for (const value of node.outputs) full.add(value);
  }
  const isFloat = (value: string) => graph.types.get(value)?.dtype === 'f32';
  const stored = graph.nodes.flatMap(({ outputs }) => outputs.filter(isFloat));
  const fullRoots = new Set([...full].map((value) => rootOf(views, value)));
  const halves = new Set(stored.filter((value) => !fullRoots.has(rootOf(views, value))));
  const weights = new Set<string>();
  const kept = new Set<string>();
  for (const node of graph.nodes) {
    const isKept = node.outputs.some((value) => layers.has(value));
    for (const { op, inputs } of bodyOf(node)) {
      const [, weight = ''] = inputs;
      if (!weighted.has(op) || !graph.constants.has(weight) || !isFloat(weight)) continue;
      (isKept ? kept : weights).add(weight);
    }
  }
  for (const weight of weights) if (!kept.has(weight)) halves.add(weight);
  return isNarrow ? computeNarrow({ ...graph, halves }) : { ...graph, halves };
}

/** Computes in f16 the nodes of which all values are stored so, and stores their constants so as well. */
function computeNarrow(graph: Graph): Graph {
  const halves = new Set(graph.halves);
  const narrow = new Set<string>();
  for (const node of graph.nodes) {
    const body = bodyOf(node);
    const own = new Set(body.flatMap(({ outputs }) => outputs));
    const read = body.flatMap(({ inputs }) => inputs).filter((value) => value !== '' && !own.has(value));
    const isStored = (value: string) => graph.halves?.has(value) || graph.constants.has(value);
    const isFloat = (value: string) => graph.types.get(value)?.dtype === 'f32';
    if (!body.every(({ op }) => narrowOps.has(op)) || !node.outputs.every((value) => graph.halves?.has(value))) continue;
    if (!read.every((value) => isStored(value) && isFloat(value)) || ![...own].every(isFloat)) continue;
    for (const value of read) halves.add(value);
    for (const value of node.outputs) narrow.add(value);
  }
  return { ...graph, halves, narrow };
}

/** A constant as it is stored. */
export function storedTensor({ halves }: Graph, value: string, tensor: Tensor): Tensor {
  return halves?.has(value) ? tensorFrom({ dtype: 'f16', shape: tensor.shape }, numbersOf(tensor)) : tensor;
}

function bodyOf(node: Node): readonly Node[] {
  return node.body ?? [node];
}
