// Batch normalisation with constant statistics is one multiplication and one addition a channel. Stated so, it merges with its
// neighbours (merge-affine.ts), whether they are a convolution before it or another scale after it.

import { tensorOf } from '../../core/tensor.js';
import { numberAttribute } from '../attributes.js';
import type { Graph } from '../graph.js';
import { rewrite } from './rewrite.js';

export function splitBatchNorm(graph: Graph): Graph {
  return rewrite(graph, (node, view) => {
    if (node.op !== 'batch-norm') return undefined;
    const [x = '', ...parameters] = node.inputs;
    const constants = parameters.map((input) => view.constant(input));
    if (!constants.every((tensor) => tensor?.dtype === 'f32')) return undefined;
    const [scale, bias, mean, variance] = constants.map((tensor) => tensor?.data as Float32Array) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const epsilon = numberAttribute(node.attributes, 'epsilon');
    const factors = Array.from(scale, (value, c) => value / Math.sqrt((variance[c] ?? 0) + epsilon));
    const shifts = Array.from(bias, (value, c) => value - (mean[c] ?? 0) * (factors[c] ?? 0));
    // [c, 1, 1] for images, whose batch axis broadcasts by itself.
    const shape = view
      .shape(x)
      .slice(1)
      .map((extent, axis) => (axis === 0 ? extent : 1));
    const output = node.outputs[0] ?? '';
    const factor = view.addConstant(tensorOf('f32', shape, factors), `${output}/scale`);
    const shift = view.addConstant(tensorOf('f32', shape, shifts), `${output}/shift`);
    return { op: 'add', inputs: [view.add('mul', [x, factor], {}, `${output}/scaled`), shift], attributes: {} };
  });
}
