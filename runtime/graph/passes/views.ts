// Views: values that need no memory and no copy of their own, because they are a part of another value as it lies in memory.

import { type Dtype, dtypeBytes, elementCount, sameShape } from '../../core/tensor.js';
import { integersAttribute, numberAttribute } from '../attributes.js';
import type { Graph, Layout, Node } from '../graph.js';

export interface View {
  readonly of: string;
  /** Where it begins, in elements as they are stored. */
  readonly offset: number;
}

/** Bytes: kernels are promised that each of their buffers begins at a multiple of this (onbox_module.h). */
const viewAlignment = 8;

/**
 * Which values are stored inside of which. A reshape of a row-major value is that value; the parts of a concatenation lie in it one
 * after the other, as do the parts of a split, where nothing but single elements stands before the axis.
 */
export function viewsOf(graph: Graph): Map<string, View> {
  const fixed = new Set([...graph.inputs, ...graph.constants.keys()]);
  const views = new Map<string, View>();
  for (const node of graph.nodes) {
    if (node.op === 'reshape') addReshape(graph, node, fixed, views);
    else if (node.op === 'concat') addConcat(graph, node, fixed, views);
    else if (node.op === 'split') addSplit(graph, node, fixed, views);
  }
  return views;
}

function addReshape(graph: Graph, node: Node, fixed: ReadonlySet<string>, views: Map<string, View>): void {
  const [from, to] = [node.inputs[0] ?? '', node.outputs[0] ?? ''];
  if (fixed.has(from) || !isStoredAlike(graph, from, to)) return;
  views.set(to, { of: from, offset: 0 });
}

/** A reshape keeps the order of elements: both row-major, or the same shape in the same layout. */
function isStoredAlike(graph: Graph, a: string, b: string): boolean {
  if (storedDtype(graph, a) !== storedDtype(graph, b)) return false;
  const [layoutA, layoutB] = [graph.layouts.get(a), graph.layouts.get(b)];
  if (layoutA === undefined && layoutB === undefined) return true;
  return sameLayout(layoutA, layoutB) && sameShape(graph.types.get(a)?.shape ?? [], graph.types.get(b)?.shape ?? []);
}

function sameLayout(a: Layout | undefined, b: Layout | undefined): boolean {
  return a?.block === b?.block && (a?.border ?? []).join() === (b?.border ?? []).join();
}

function addConcat(graph: Graph, node: Node, fixed: ReadonlySet<string>, views: Map<string, View>): void {
  const whole = node.outputs[0] ?? '';
  if (!canHoldParts(graph, node)) return;
  const parts = wholesOf(graph, node.inputs, views);
  if (new Set(parts).size !== parts.length || parts.some((part) => fixed.has(part) || views.has(part))) return;
  addParts(graph, whole, parts, views);
}

/** Lays parts into their whole, one after the other; none of them where one would begin between two multiples of the alignment. */
function addParts(graph: Graph, whole: string, parts: readonly string[], views: Map<string, View>): void {
  if (!arePartsAligned(graph, parts)) return;
  let offset = 0;
  for (const part of parts) {
    views.set(part, { of: whole, offset });
    offset += storedCount(graph, part);
  }
}

function arePartsAligned(graph: Graph, parts: readonly string[]): boolean {
  const bytes = parts.map((part) => storedCount(graph, part) * dtypeBytes(storedDtype(graph, part)));
  return bytes.slice(0, -1).every((length) => length % viewAlignment === 0);
}

/** A concatenation of parts that are stored as it is itself. */
function canHoldParts(graph: Graph, node: Node): boolean {
  const whole = node.outputs[0] ?? '';
  const layout = graph.layouts.get(whole);
  if (!isOuter(graph, whole, numberAttribute(node.attributes, 'axis'))) return false;
  return node.inputs.every((part) => {
    const filled = layout === undefined || (graph.types.get(part)?.shape[1] ?? 1) % layout.block === 0;
    return filled && sameLayout(graph.layouts.get(part), layout) && storedDtype(graph, part) === storedDtype(graph, whole);
  });
}

/** Runs of parts that are all the parts of one split are that whole again. */
function wholesOf(graph: Graph, parts: readonly string[], views: ReadonlyMap<string, View>): string[] {
  const wholes: string[] = [];
  for (let i = 0; i < parts.length; ) {
    const of = views.get(parts[i] ?? '')?.of;
    let end = i;
    let count = 0;
    while (
      of !== undefined &&
      end < parts.length &&
      views.get(parts[end] ?? '')?.of === of &&
      views.get(parts[end] ?? '')?.offset === count
    ) {
      count += storedCount(graph, parts[end++] ?? '');
    }
    if (of !== undefined && end > i && count === storedCount(graph, of)) {
      wholes.push(of);
      i = end;
    } else {
      wholes.push(parts[i++] ?? '');
    }
  }
  return wholes;
}

/** Which parts keep a concatenation from holding its parts, because they have to lie elsewhere; none where it cannot hold any. */
export function stuckParts(graph: Graph, node: Node, views: ReadonlyMap<string, View>): number[] {
  const whole = node.outputs[0] ?? '';
  if (node.inputs.some((part) => rootOf(views, part) === rootOf(views, whole))) return [];
  if (!canHoldParts(graph, node) || !arePartsAligned(graph, node.inputs)) return [];
  const fixed = new Set([...graph.inputs, ...graph.constants.keys()]);
  return node.inputs.flatMap((part, i) => (fixed.has(part) || views.has(part) || node.inputs.indexOf(part) !== i ? [i] : []));
}

/** The value in whose memory a value lies. */
export function rootOf(views: ReadonlyMap<string, View>, value: string): string {
  let root = value;
  for (let view = views.get(root); view !== undefined; view = views.get(root)) root = view.of;
  return root;
}

/** Whether a node has nothing to do, because its outputs lie in its input or its inputs in its output. */
export function isInPlace(node: Node, views: ReadonlyMap<string, View>): boolean {
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  if (node.op === 'concat') return node.inputs.every((part) => isPartOf(part, output, views));
  if (node.op === 'reshape' || node.op === 'split') return node.outputs.every((part) => views.get(part)?.of === input);
  return false;
}

function isPartOf(part: string, whole: string, views: ReadonlyMap<string, View>): boolean {
  for (let view = views.get(part); view !== undefined; view = views.get(view.of)) if (view.of === whole) return true;
  return false;
}

function addSplit(graph: Graph, node: Node, fixed: ReadonlySet<string>, views: Map<string, View>): void {
  const whole = node.inputs[0] ?? '';
  const axis = numberAttribute(node.attributes, 'axis');
  if (fixed.has(whole) || !isOuter(graph, whole, axis)) return;
  if (!node.outputs.every((part) => sameLayout(graph.layouts.get(part), graph.layouts.get(whole)))) return;
  if (!node.outputs.every((part) => storedDtype(graph, part) === storedDtype(graph, whole))) return;
  const layout = graph.layouts.get(whole);
  if (layout !== undefined && !integersAttribute(node.attributes, 'sizes').every((size) => size % layout.block === 0)) return;
  addParts(graph, whole, node.outputs, views);
}

/** Nothing but axes of extent 1 stands before the axis; blocks and borders allow the channel axis only. */
function isOuter(graph: Graph, value: string, axis: number): boolean {
  const shape = graph.types.get(value)?.shape ?? [];
  if (graph.layouts.has(value) && axis !== 1) return false;
  return shape.slice(0, axis).every((extent) => extent === 1);
}

/** The dtype of a value's elements in memory. */
export function storedDtype(graph: Graph, value: string): Dtype {
  return graph.halves?.has(value) ? 'f16' : (graph.types.get(value)?.dtype ?? 'f32');
}

/** Elements that a value takes in memory. */
export function storedCount(graph: Graph, value: string): number {
  const shape = graph.types.get(value)?.shape ?? [];
  const layout = graph.layouts.get(value);
  if (layout === undefined) return elementCount(shape);
  const [n = 1, c = 1, h = 1, w = 1] = shape;
  const [top, left, bottom, right] = layout.border;
  return n * Math.ceil(c / layout.block) * layout.block * (top + h + bottom) * (left + w + right);
}
