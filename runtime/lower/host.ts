// Operators that are no loop programs but calls of a routine of the addon (addon/src/host), on the CPU in the middle of a plan.

import { assert } from '../core/assert.js';
import { type Dtype, elementCount, stridesOf, type TensorType } from '../core/tensor.js';
import { booleanAttribute, integerAttribute, numberAttribute } from '../graph/attributes.js';
import type { Graph, Node } from '../graph/graph.js';
import { activations, cells, recurrenceOf } from '../graph/ops/recurrence.js';

/** A call of a routine. Its rows 0..extent are shared out among the threads. */
export interface HostProgram {
  readonly routine: 'top-k' | 'recurrence' | 'non-max-suppression' | 'non-zero';
  /** Whole numbers, in the order of the routine's struct. */
  readonly parameters: readonly number[];
  readonly extent: number;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

interface Hosting {
  /** Elements that the routine takes as its first input. */
  readonly dtypes: readonly Dtype[];
  program(node: Node, types: readonly TensorType[]): Pick<HostProgram, 'routine' | 'parameters' | 'extent'>;
}

/** In the order of the switch in addon/src/host/top_k.cc. */
const topKDtypes: readonly Dtype[] = ['f32', 'f64', 'i8', 'u8', 'i32', 'i64'];

/** In the order of the switch in addon/src/host/non_zero.cc; bool lies in bytes. */
const nonZeroDtypes: readonly Dtype[] = ['f32', 'f64', 'u8', 'i32', 'i64', 'bool'];

const hosted: ReadonlyMap<string, Hosting> = new Map([
  ['top-k', { dtypes: topKDtypes, program: topKProgram }],
  ['recurrence', { dtypes: ['f32'], program: recurrenceProgram }],
  ['non-max-suppression', { dtypes: ['f32'], program: suppressionProgram }],
  ['non-zero', { dtypes: nonZeroDtypes, program: nonZeroProgram }],
]);

/** True for operators that the addon computes. */
export function isHosted(op: string): boolean {
  return hosted.has(op);
}

/** The call that computes a node, undefined if loop programs do. */
export function hostProgram(graph: Graph, node: Node): HostProgram | undefined {
  const hosting = hosted.get(node.op);
  if (hosting === undefined) return undefined;
  const types = node.inputs.map((name) => {
    const type = graph.types.get(name);
    assert(type !== undefined, `the graph has no type for "${name}"`);
    return type;
  });
  return { ...hosting.program(node, types), reads: node.inputs, writes: node.outputs };
}

/** Whether the routine of a node takes elements of its type. */
export function isHostable(graph: Graph, node: Node): boolean {
  const dtype = graph.types.get(node.inputs[0] ?? '')?.dtype;
  return dtype !== undefined && (hosted.get(node.op)?.dtypes.includes(dtype) ?? false);
}

function topKProgram({ attributes }: Node, [type]: readonly TensorType[]): ReturnType<Hosting['program']> {
  const { dtype, shape } = required(type);
  const [outer = 0, extent = 0, inner = 0] = shape;
  const largest = Number(booleanAttribute(attributes, 'largest'));
  return {
    routine: 'top-k',
    parameters: [topKDtypes.indexOf(dtype), extent, inner, integerAttribute(attributes, 'k'), largest],
    extent: outer * inner,
  };
}

/** Rows are those of a batch: the steps of one follow each other. */
function recurrenceProgram({ attributes }: Node, [type]: readonly TensorType[]): ReturnType<Hosting['program']> {
  const how = recurrenceOf(attributes);
  const [steps = 0, batch = 0, wide = 0] = required(type).shape;
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

/** One call does all: a class ends where the one before it does. */
function suppressionProgram({ attributes }: Node, [, scores]: readonly TensorType[]): ReturnType<Hosting['program']> {
  const [images = 0, classes = 0, boxes = 0] = required(scores).shape;
  const perClass = Math.min(integerAttribute(attributes, 'perClass'), boxes);
  const limits = ['iou', 'minScore'].map((name) => bitsOf(numberAttribute(attributes, name)));
  const centers = Number(booleanAttribute(attributes, 'centers'));
  const room = Math.max(1, images * classes * perClass);
  return {
    routine: 'non-max-suppression',
    parameters: [images, classes, boxes, perClass, ...limits, centers, room],
    extent: 1,
  };
}

function nonZeroProgram(_: Node, [type]: readonly TensorType[]): ReturnType<Hosting['program']> {
  const { dtype, shape } = required(type);
  const held = nonZeroDtypes.indexOf(dtype === 'bool' ? 'u8' : dtype);
  return {
    routine: 'non-zero',
    parameters: [held, shape.length, elementCount(shape), ...stridesOf(shape), ...shape],
    extent: 1,
  };
}

function required(type: TensorType | undefined): TensorType {
  assert(type !== undefined, 'a routine has an input');
  return type;
}

/** Of a number as f32. */
function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0] as number;
}
