// float16 to float32: a processor without half arithmetic computes in float32 whatever the model says, and faster if it need not round
// to halves between. Every half is a float, so nothing is lost; what a float16 model would have rounded on the way, it no longer does.

import type { Tensor, TensorType } from '../../core/tensor.js';
import type { Graph } from '../graph.js';
import { numbersOf, tensorFrom } from '../numbers.js';

/** The same graph on float32, inputs and outputs included; the very same where it has no half. */
export function widenHalves(graph: Graph): Graph {
  if (![...graph.types.values()].some(({ dtype }) => dtype === 'f16')) return graph;
  const types = new Map([...graph.types].map(([name, type]) => [name, widen(type)] as const));
  const constants = new Map([...graph.constants].map(([name, tensor]) => [name, widenTensor(tensor)] as const));
  const nodes = graph.nodes.map((node) =>
    node.attributes['to'] === 'f16' ? { ...node, attributes: { ...node.attributes, to: 'f32' } } : node,
  );
  return { ...graph, types, constants, nodes };
}

/** Of halves, the same numbers as f32; else the tensor itself. */
export function widenTensor(tensor: Tensor): Tensor {
  return tensor.dtype === 'f16' ? tensorFrom(widen(tensor), numbersOf(tensor)) : tensor;
}

function widen({ dtype, shape }: TensorType): TensorType {
  return { dtype: dtype === 'f16' ? 'f32' : dtype, shape };
}
