// What the compiler refuses before it begins, each with the name and the place.

import { OnboxError } from '../core/error.js';
import { printType } from '../core/tensor.js';
import type { Graph } from '../graph/graph.js';
import { isHostable, isHosted } from '../lower/host.js';
import { hasLowering } from '../lower/ops/index.js';
import type { ImageInput } from './manifest.js';

const placesMax = 5;

/**
 * @throws OnboxError `lowering-missing` for operators without code, `shape-empty` for values without elements, `dtype-unsupported` for
 *   values that kernels cannot compute with, `image-input` for a picture beside other inputs
 */
export function requireCompilable(graph: Graph, image: ImageInput | undefined): void {
  requireLowerings(graph);
  requireTypes(graph);
  if (image === undefined || graph.inputs.length === 1) return;
  throw new OnboxError(
    `a picture can only be the one input of a model, ${JSON.stringify(image.input)} is one of ${graph.inputs.length}`,
    { code: 'image-input' },
  );
}

function requireLowerings(graph: Graph): void {
  const missing = new Map<string, string[]>();
  for (const node of graph.nodes) {
    const { op, outputs } = node;
    if (!(isHosted(op) ? isHostable(graph, node) : hasLowering(op)))
      missing.set(op, [...(missing.get(op) ?? []), outputs[0] ?? '']);
  }
  if (missing.size === 0) return;
  const operators = [...missing].map(([op, nodes]) => ({ op, nodes: nodes.slice(0, placesMax) }));
  const words = operators.map(({ op, nodes }) => `${op} (at ${JSON.stringify(nodes[0])})`);
  throw new OnboxError(`onbox has no code for ${words.join(', ')}`, { code: 'lowering-missing', details: { operators } });
}

/** Of everything that nodes read or write, and all inputs and outputs. */
function requireTypes(graph: Graph): void {
  const values = [
    ...graph.inputs,
    ...graph.nodes.flatMap((node) => [...node.inputs, ...node.outputs]),
    ...graph.outputs.map(({ value }) => value),
  ];
  for (const value of new Set(values)) {
    const type = graph.types.get(value);
    if (type === undefined) continue;
    const what = `${JSON.stringify(value)} is ${printType(type)}`;
    if (type.shape.includes(0)) throw new OnboxError(`${what}, which has no elements`, { code: 'shape-empty' });
    if (type.dtype === 'f16') {
      throw new OnboxError(`${what}; onbox computes with f32: convert the model to it`, { code: 'dtype-unsupported' });
    }
  }
}
