// Operators that are no loop programs but calls of a routine of the addon (addon/src/host), on the CPU in the middle of a plan.

import { assert } from '../core/assert.js';
import type { Dtype, TensorType } from '../core/tensor.js';
import { booleanAttribute, integerAttribute } from '../graph/attributes.js';
import type { Graph, Node } from '../graph/graph.js';
import { activations, cells, recurrenceOf } from '../graph/ops/recurrence.js';

/** A call of a routine. Its rows 0..extent are shared out among the threads. */
export interface HostProgram {
  readonly routine: 'top-k' | 'recurrence';
  /** Whole numbers, in the order of the routine's struct. */
  readonly parameters: readonly number[];
  readonly extent: number;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

interface Hosting {
  /** Elements that the routine takes as its first input. */
  readonly dtypes: readonly Dtype[];
  program(node: Node, first: TensorType): Pick<HostProgram, 'routine' | 'parameters' | 'extent'>;
}

/** In the order of the switch in addon/src/host/top_k.cc. */
const topKDtypes: readonly Dtype[] = ['f32', 'f64', 'i8', 'u8', 'i32', 'i64'];

const hosted: ReadonlyMap<string, Hosting> = new Map([
  ['top-k', { dtypes: topKDtypes, program: topKProgram }],
  ['recurrence', { dtypes: ['f32'], program: recurrenceProgram }],
]);

/** True for operators that the addon computes. */
export function isHosted(op: string): boolean {
  return hosted.has(op);
}

/** The call that computes a node, undefined if loop programs do. */
export function hostProgram(graph: Graph, node: Node): HostProgram | undefined {
  const type = graph.types.get(node.inputs[0] ?? '');
  const hosting = hosted.get(node.op);
  if (hosting === undefined) return undefined;
  assert(type !== undefined, `the graph has no type for "${node.inputs[0]}"`);
  return { ...hosting.program(node, type), reads: node.inputs, writes: node.outputs };
}

/** Whether the routine of a node takes elements of its type. */
export function isHostable(graph: Graph, node: Node): boolean {
  const dtype = graph.types.get(node.inputs[0] ?? '')?.dtype;
  return dtype !== undefined && (hosted.get(node.op)?.dtypes.includes(dtype) ?? false);
}

function topKProgram({ attributes }: Node, { dtype, shape }: TensorType): ReturnType<Hosting['program']> {
  const [outer = 0, extent = 0, inner = 0] = shape;
  const largest = Number(booleanAttribute(attributes, 'largest'));
  return {
    routine: 'top-k',
    parameters: [topKDtypes.indexOf(dtype), extent, inner, integerAttribute(attributes, 'k'), largest],
    extent: outer * inner,
  };
}

/** Rows are those of a batch: the steps of one follow each other. */
function recurrenceProgram({ attributes }: Node, { shape }: TensorType): ReturnType<Hosting['program']> {
  const how = recurrenceOf(attributes);
  const [steps = 0, batch = 0, wide = 0] = shape;
  const functions = how.activations.flatMap((name, i) => [
    activations.indexOf(name),
    bitsOf(how.alphas[i] ?? 0),
    bitsOf(how.betas[i] ?? 0),
  ]);
  const flags = [how.reverse, how.resetAfter, how.coupled].map(Number);
  const unused = new Array<number>(9 - functions.length).fill(0);
  return {
    routine: 'recurrence',
    parameters: [steps, batch, wide / how.gates, cells.indexOf(how.cell), ...flags, bitsOf(how.clip), ...functions, ...unused],
    extent: batch,
  };
}

/** Of a number as f32. */
function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0] as number;
}
