// Operators that are no loop programs but calls of a routine of the addon (addon/src/host), on the CPU in the middle of a plan.

import { assert } from '../core/assert.js';
import type { Dtype } from '../core/tensor.js';
import { booleanAttribute, integerAttribute } from '../graph/attributes.js';
import type { Graph, Node } from '../graph/graph.js';

/** A call of a routine. Its rows 0..extent are shared out among the threads. */
export interface HostProgram {
  readonly routine: 'top-k';
  /** Whole numbers, in the order of the routine's struct. */
  readonly parameters: readonly number[];
  readonly extent: number;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** In the order of the switch in addon/src/host/top_k.cc. */
const topKDtypes: readonly Dtype[] = ['f32', 'f64', 'i8', 'u8', 'i32', 'i64'];

/** True for operators that the addon computes. */
export function isHosted(op: string): boolean {
  return op === 'top-k';
}

/** The call that computes a node, undefined if loop programs do. */
export function hostProgram(graph: Graph, node: Node): HostProgram | undefined {
  if (!isHosted(node.op)) return undefined;
  const [value = ''] = node.inputs;
  const type = graph.types.get(value);
  assert(type !== undefined, `the graph has no type for "${value}"`);
  const [outer = 0, extent = 0, inner = 0] = type.shape;
  const k = integerAttribute(node.attributes, 'k');
  const largest = booleanAttribute(node.attributes, 'largest') ? 1 : 0;
  return {
    routine: 'top-k',
    parameters: [topKDtypes.indexOf(type.dtype), extent, inner, k, largest],
    extent: outer * inner,
    reads: [value],
    writes: node.outputs,
  };
}

/** Whether the routine of a node takes elements of its type. */
export function isHostable(graph: Graph, node: Node): boolean {
  const dtype = graph.types.get(node.inputs[0] ?? '')?.dtype;
  return dtype !== undefined && topKDtypes.includes(dtype);
}
