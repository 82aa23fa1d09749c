// Computes what depends on constants alone. The import does so too; this is for constants that other passes bring about.

import { dtypeBytes, elementCount } from '../../core/tensor.js';
import type { Graph } from '../graph.js';
import { operator } from '../ops/index.js';
import { rewrite } from './rewrite.js';

/** Larger results stay to be computed on each run. */
const foldedBytesMax = 64 * 2 ** 20;

export function foldConstants(graph: Graph): Graph {
  return rewrite(graph, (node, view) => {
    if (node.body || !node.inputs.every((input) => input === '' || view.constant(input))) return undefined;
    const types = node.outputs.map((output) => view.types.get(output) ?? { dtype: 'f32' as const, shape: [] });
    if (types.some((type) => elementCount(type.shape) * dtypeBytes(type.dtype) > foldedBytesMax)) return undefined;
    const inputs = node.inputs.map((input) => view.constant(input));
    return { constants: operator(node.op).evaluate(inputs, node.attributes, types) };
  });
}
