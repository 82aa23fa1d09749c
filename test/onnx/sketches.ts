// Imports models that are written down in a test.

import { type Shape, type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { verify } from '../../runtime/graph/verify.js';
import { importModel } from '../../runtime/onnx/import.js';
import { readModel } from '../../runtime/onnx/read.js';
import { type ModelSketch, type NodeSketch, writeOnnx } from '../support/onnx-writer.js';

export const i64 = (...values: number[]): Tensor => tensorOf('i64', [values.length], values);
export const f32 = (...values: number[]): Tensor => tensorOf('f32', [values.length], values);

export function importSketch(sketch: ModelSketch, inputs: Record<string, Shape> = {}): Graph {
  return verify(importModel(readModel(writeOnnx(sketch)), { inputs }));
}

/** One node from `x` to `y`. */
export function importNode(
  node: Omit<NodeSketch, 'outputs' | 'inputs'> & { readonly inputs?: readonly string[] },
  dims: readonly number[],
  rest: { readonly initializers?: Record<string, Tensor>; readonly opset?: number } = {},
): Graph {
  return importSketch({
    inputs: [{ name: 'x', dims }],
    outputs: ['y'],
    nodes: [{ inputs: ['x'], ...node, outputs: ['y'] }],
    ...rest,
  });
}

/** The only node of a graph, as `op` with its attributes. */
export function only(graph: Graph): object {
  expect(graph.nodes).toHaveLength(1);
  return { op: graph.nodes[0]?.op, ...graph.nodes[0]?.attributes };
}

/** Of the output at `index`. */
export const shapeOf = (graph: Graph, index = 0) => graph.types.get(graph.outputs[index]?.value ?? '')?.shape;
