// Layouts: channels in blocks of a vector's width wherever the operators on both sides can work so, with a border of zeros where a
// convolution pads, so that its kernel never asks whether it is inside. Conversions are left to the kernels at the edges: each reads
// whatever layout its inputs have. Graph inputs and outputs stay row-major.

import type { Dtype, TensorType } from '../../core/tensor.js';
import { integersAttribute, numberAttribute, zeroOf } from '../attributes.js';
import type { Graph, Layout, Node } from '../graph.js';
import { isPointwise } from './pointwise.js';
import { stuckParts, viewsOf } from './views.js';

const channelwise: ReadonlySet<string> = new Set(['max-pool', 'average-pool', 'resize', 'pad', 'lrn', 'winograd-input']);

/** @param lanes floats in a vector */
export function chooseLayouts(graph: Graph, lanes: number): Graph {
  const edged = copyEdges(graph);
  const blocks = chooseBlocks(edged, lanes);
  const copied = copyParts(edged, blocks);
  const shared = shareBorders(copied, blocks, bordersOf(copied));
  const layouts = new Map<string, Layout>();
  const fills = fillsOf(copied);
  const fillOf = (value: string) => (fills.has(value) ? { fill: fills.get(value) as number } : {});
  for (const [value, block] of blocks) layouts.set(value, { block, border: shared.get(value) ?? noBorder, ...fillOf(value) });
  for (const [value, border] of shared) {
    if (!layouts.has(value) && border.some((width) => width > 0)) layouts.set(value, { block: 1, border, ...fillOf(value) });
  }
  return { ...copied, layouts };
}

/**
 * Puts a copy behind every input and before every output of rank 4, so that what lies between is free to be stored in any way, and
 * before outputs that nothing computes.
 */
function copyEdges(graph: Graph): Graph {
  const types = new Map(graph.types);
  const nodes: Node[] = [];
  const renamed = new Map<string, string>();
  const copy = (from: string, to: string): void => {
    types.set(to, types.get(from) as TensorType);
    nodes.push({ op: 'copy', inputs: [from], outputs: [to], attributes: {} });
  };
  const isPlane = (value: string) => graph.types.get(value)?.dtype === 'f32' && graph.types.get(value)?.shape.length === 4;
  for (const input of graph.inputs) {
    if (!isPlane(input)) continue;
    const inside = freshName(types, `${input}.in`);
    copy(input, inside);
    renamed.set(input, inside);
  }
  const rename = (names: readonly string[]) => names.map((name) => renamed.get(name) ?? name);
  for (const node of graph.nodes) {
    const body = node.body?.map((inner) => ({ ...inner, inputs: rename(inner.inputs) }));
    nodes.push({ ...node, inputs: rename(node.inputs), ...(body === undefined ? {} : { body }) });
  }
  const outputs = graph.outputs.map(({ name, value }) => {
    const computed = !graph.constants.has(value) && !graph.inputs.includes(value);
    if (computed && !isPlane(value)) return { name, value };
    const outside = freshName(types, `${value}.out`);
    copy(renamed.get(value) ?? value, outside);
    return { name, value: outside };
  });
  return { ...graph, nodes, types, outputs };
}

function freshName(types: ReadonlyMap<string, unknown>, base: string): string {
  let name = base;
  for (let i = 1; types.has(name); i++) name = `${base}.${i}`;
  return name;
}

function chooseBlocks(graph: Graph, lanes: number): Map<string, number> {
  const blocks = new Map<string, number>();
  const edges = new Set([...graph.inputs, ...graph.outputs.map(({ value }) => value)]);
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      const type = graph.types.get(output);
      if (edges.has(output) || type?.shape.length !== 4 || !canLieInBlocks(type.dtype)) continue;
      if (blockOf(graph, node, blocks, lanes)) blocks.set(output, lanes);
    }
  }
  return blocks;
}

/** Floats, and levels. */
function canLieInBlocks(dtype: Dtype): boolean {
  return dtype === 'f32' || dtype === 'u8' || dtype === 'i8';
}

/** Whether the outputs of a node are stored in blocks. */
function blockOf(graph: Graph, node: Node, blocks: ReadonlyMap<string, number>, lanes: number): boolean {
  const first = node.body?.[0] ?? node;
  const source = first.inputs[0] ?? '';
  const blocked = (value: string) => blocks.has(value);
  const channels = (value: string) => graph.types.get(value)?.shape[1] ?? 1;
  if (first.op === 'winograd-multiply' || first.op === 'winograd-output') return true;
  if (first.op === 'conv') return convInBlocks(graph, first, blocked(source), lanes);
  if (first.op === 'reduce-mean' || first.op === 'reduce-max') return blocked(source) && reducesPlane(first);
  if (channelwise.has(first.op)) return blocked(source) && (first.op !== 'pad' || padsPlane(first)) && first.op !== 'lrn';
  if (isPointwise(first.op)) {
    const wide = first.inputs.filter((value) => graph.types.get(value)?.shape.length === 4 && !graph.constants.has(value));
    const full = wide.filter((value) => channels(value) === channels(first.outputs[0] ?? ''));
    return full.length > 0 && full.every(blocked);
  }
  if (first.op === 'concat') {
    return (
      numberAttribute(first.attributes, 'axis') === 1 &&
      first.inputs.every((value) => blocked(value) && channels(value) % lanes === 0)
    );
  }
  if (first.op === 'split') {
    const sizes = integersAttribute(first.attributes, 'sizes');
    return numberAttribute(first.attributes, 'axis') === 1 && blocked(source) && sizes.every((size) => size % lanes === 0);
  }
  return false;
}

/** Grouped convolutions keep to blocks only where a block lies within one group; those of few channels follow their input. */
function convInBlocks(graph: Graph, node: Node, blocked: boolean, lanes: number): boolean {
  const [outputs, channels] = graph.types.get(node.inputs[1] ?? '')?.shape ?? [1, 1];
  const group = numberAttribute(node.attributes, 'group');
  const perGroup = (outputs ?? 1) / group;
  if (group === 1) return blocked || (outputs ?? 1) * 2 >= lanes;
  if (channels === 1 && perGroup === 1) return blocked;
  return perGroup % lanes === 0;
}

function reducesPlane(node: Node): boolean {
  const axes = integersAttribute(node.attributes, 'axes');
  return axes.length === 2 && axes[0] === 2 && axes[1] === 3 && node.attributes['keepDims'] === true;
}

function padsPlane(node: Node): boolean {
  const pads = integersAttribute(node.attributes, 'pads');
  return pads[0] === 0 && pads[1] === 0 && pads[4] === 0 && pads[5] === 0;
}

/**
 * Puts a copy before the parts of a concatenation that cannot lie in it (because they lie elsewhere already), where that lets all
 * others do so.
 */
function copyParts(graph: Graph, blocks: Map<string, number>): Graph {
  const types = new Map(graph.types);
  const nodes: Node[] = [];
  const plain = new Map([...blocks].map(([value, block]) => [value, { block, border: noBorder }]));
  for (const node of graph.nodes) {
    if (node.op !== 'concat') {
      nodes.push(node);
      continue;
    }
    const views = viewsOf({ ...graph, nodes: [...nodes, node], types, layouts: plain });
    const stuck = stuckParts({ ...graph, layouts: plain }, node, views);
    const inputs = node.inputs.map((part, i) => {
      if (!stuck.includes(i)) return part;
      const name = freshName(types, `${part}.part`);
      types.set(name, graph.types.get(part) as TensorType);
      const block = blocks.get(part);
      if (block !== undefined) {
        blocks.set(name, block);
        plain.set(name, { block, border: noBorder });
      }
      nodes.push({ op: 'copy', inputs: [part], outputs: [name], attributes: {} });
      return name;
    });
    nodes.push({ ...node, inputs });
  }
  return { ...graph, nodes, types };
}

const noBorder: Border = [0, 0, 0, 0];

type Border = Layout['border'];

/** What the convolutions that read each value reach beyond it. */
function bordersOf(graph: Graph): Map<string, Border> {
  const borders = new Map<string, Border>();
  for (const node of graph.nodes) {
    const first = node.body?.[0] ?? node;
    const [x] = first.inputs;
    if (x === undefined || graph.constants.has(x) || graph.inputs.includes(x)) continue;
    const need = reachOf(graph, first, x);
    if (need === undefined) continue;
    const known = borders.get(x) ?? [0, 0, 0, 0];
    borders.set(x, known.map((width, side) => Math.max(width, need[side] ?? 0)) as unknown as Border);
  }
  return borders;
}

/** What stands in the border of levels: the zero of the convolutions that read them. */
function fillsOf(graph: Graph): Map<string, number> {
  const fills = new Map<string, number>();
  for (const node of graph.nodes) {
    const first = node.body?.[0] ?? node;
    const zero = zeroOf(first.attributes);
    if (first.op === 'conv' && zero !== 0) fills.set(first.inputs[0] ?? '', zero);
  }
  return fills;
}

/** How far a node reads beyond its input: top, left, bottom, right. */
function reachOf(graph: Graph, node: Node, x: string): number[] | undefined {
  if (node.op === 'conv') return reachOfWindow(graph, node, x);
  return node.op === 'winograd-input' ? reachOfTiles(graph, node, x) : undefined;
}

function reachOfTiles(graph: Graph, node: Node, x: string): number[] {
  const [, , height = 1, width = 1] = graph.types.get(x)?.shape ?? [];
  const [, , down = 1, across = 1] = graph.types.get(node.outputs[0] ?? '')?.shape ?? [];
  const tile = numberAttribute(node.attributes, 'tile');
  const [top = 0, left = 0] = integersAttribute(node.attributes, 'pads');
  return [top, left, Math.max(0, down * tile + 2 - top - height), Math.max(0, across * tile + 2 - left - width)];
}

function reachOfWindow(graph: Graph, node: Node, x: string): number[] {
  const [, , height = 1, width = 1] = graph.types.get(x)?.shape ?? [];
  const [, , rows = 1, columns = 1] = graph.types.get(node.inputs[1] ?? '')?.shape ?? [];
  const [, , outHeight = 1, outWidth = 1] = graph.types.get(node.outputs[0] ?? '')?.shape ?? [];
  const [sh = 1, sw = 1] = integersAttribute(node.attributes, 'strides');
  const [dh = 1, dw = 1] = integersAttribute(node.attributes, 'dilations');
  const [top = 0, left = 0] = integersAttribute(node.attributes, 'pads');
  const below = (outHeight - 1) * sh + (rows - 1) * dh - top - (height - 1);
  const right = (outWidth - 1) * sw + (columns - 1) * dw - left - (width - 1);
  return [top, left, Math.max(0, below), Math.max(0, right)];
}

/** Values that share memory have one border: the widest that any of them wants. */
function shareBorders(
  graph: Graph,
  blocks: ReadonlyMap<string, number>,
  wanted: ReadonlyMap<string, Border>,
): Map<string, Border> {
  const plain = new Map([...blocks].map(([value, block]) => [value, { block, border: noBorder }]));
  const views = viewsOf({ ...graph, layouts: plain });
  const borders = new Map(wanted);
  const root = (value: string): string => {
    const view = views.get(value);
    return view === undefined ? value : root(view.of);
  };
  const widest = new Map<string, Border>();
  for (const [value, border] of wanted) {
    const known = widest.get(root(value)) ?? [0, 0, 0, 0];
    widest.set(root(value), known.map((width, side) => Math.max(width, border[side] ?? 0)) as unknown as Border);
  }
  for (const value of [...views.keys(), ...widest.keys()]) {
    const border = widest.get(root(value));
    if (border !== undefined && (graph.types.get(value)?.shape.length ?? 0) === 4) borders.set(value, border);
  }
  return borders;
}
