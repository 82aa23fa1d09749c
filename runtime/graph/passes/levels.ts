// Levels: whole numbers of a known, narrow range, as quantised models compute them, are stored as one byte each wherever convolutions
// read them, and their products with weights of one byte are summed in i32. The bias takes up what the bytes are shifted by, so that
// the sums are the very same numbers.

import type { Tensor } from '../../core/tensor.js';
import { numberAttribute } from '../attributes.js';
import type { Graph, Node } from '../graph.js';
import { numbersOf, tensorFrom } from '../numbers.js';
import { isPointwise } from './pointwise.js';
import { type Replacement, type RewriteView, rewrite } from './rewrite.js';

/** How a target stores levels: its dot products want one or the other. */
export type LevelDtype = 'u8' | 'i8';

const lowest: Readonly<Record<LevelDtype, number>> = { u8: 0, i8: -128 };
const levelMax = 255;
/** Sums up to here are exact in f32, in every order. */
const floatMax = 2 ** 24;
const wholeMax = 2 ** 31 - 1;
/** Channels from which on dot products of four are worth it. */
const channelsMin = 4;

/** A value that becomes bytes: value = byte + base. */
interface Levels {
  readonly value: string;
  readonly base: number;
}

/** @param dtype of the bytes */
export function storeLevels(graph: Graph, dtype: LevelDtype): Graph {
  const chosen = chooseValues(graph, dtype);
  const stored = chosen.size === 0 ? graph : rewrite(rewrite(graph, new Storing(chosen, dtype).rule), dropRound);
  return rewrite(stored, storeMatrix);
}

/** Whole numbers at most 255 apart, 0 among them, that convolutions and else only pointwise operators read: value to base. */
function chooseValues(graph: Graph, dtype: LevelDtype): ReadonlyMap<string, Levels> {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const readers = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const input of new Set(node.inputs)) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  const outputs = new Set(graph.outputs.map(({ value }) => value));
  const chosen = new Map<string, Levels>();
  for (const [value, maker] of makers) {
    const low = lowOf(maker, makers);
    if (low === undefined || outputs.has(value) || graph.types.get(value)?.shape.length !== 4) continue;
    const base = low - lowest[dtype];
    const seen = (readers.get(value) ?? []).flatMap((reader) =>
      isWhole(reader) ? [reader, ...readersOf(reader, readers)] : [reader],
    );
    const fits = seen.every((reader) =>
      reader.op === 'conv' ? filterOf(reader, graph, { base, dtype }) !== undefined : isPointwise(reader.op),
    );
    if (fits && seen.some(({ op }) => op === 'conv')) chosen.set(value, { value, base });
  }
  return chosen;
}

function readersOf(node: Node, readers: ReadonlyMap<string, readonly Node[]>): readonly Node[] {
  return readers.get(node.outputs[0] ?? '') ?? [];
}

/** The least of whole numbers that are at most 255 apart. */
function lowOf(node: Node, makers: ReadonlyMap<string, Node>): number | undefined {
  if (node.op !== 'clip' || makers.get(node.inputs[0] ?? '')?.op !== 'round') return undefined;
  const [min, max] = [numberAttribute(node.attributes, 'min'), numberAttribute(node.attributes, 'max')];
  const isNarrow = Number.isInteger(min) && Number.isInteger(max) && max - min <= levelMax;
  return isNarrow && min <= 0 && max >= 0 ? min : undefined;
}

/** Makes i32 of floats. */
function isWhole(node: Node): boolean {
  return node.op === 'cast' && node.attributes['to'] === 'i32';
}

/** Weights and bias for sums of bytes. */
interface Filter {
  /** i8 where the products are summed in i32, else f32. */
  readonly weights: Tensor;
  readonly bias: Tensor;
}

/** undefined where the sums could become something else. */
function filterOf(
  node: Node,
  { types, constants }: Pick<Graph, 'types' | 'constants'>,
  { base, dtype }: { readonly base: number; readonly dtype: LevelDtype },
): Filter | undefined {
  const [x = '', w = '', b = ''] = node.inputs;
  const isInteger = types.get(x)?.dtype === 'i32';
  const [tensor, added] = [constants.get(w), constants.get(b)];
  if (tensor === undefined || (b !== '' && added === undefined)) return undefined;
  if (!isInteger && node.attributes['whole'] !== true) return undefined;
  const [outputs = 1, channels = 1] = tensor.shape;
  const isUngrouped = numberAttribute(node.attributes, 'group') === 1;
  if (isUngrouped && channels < channelsMin) return undefined;
  const weights = numbersOf(tensor);
  const inBytes = isUngrouped && weights.every(isSignedByte);
  if (isInteger && !inBytes) return undefined;
  const start = added === undefined ? undefined : numbersOf(added);
  const bias = new Float64Array(outputs);
  const terms = weights.length / outputs;
  const largest = Math.max(-lowest[dtype], lowest[dtype] + levelMax);
  for (let o = 0; o < outputs; o++) {
    let [sum, most] = [0, 0];
    for (const weight of weights.subarray(o * terms, (o + 1) * terms)) {
      sum += weight;
      most += Math.abs(weight) * largest;
    }
    bias[o] = (start?.[o] ?? 0) + base * sum;
    if (Math.abs(bias[o] ?? 0) + most > (inBytes ? wholeMax : floatMax)) return undefined;
  }
  return {
    weights: tensorFrom({ dtype: inBytes ? 'i8' : 'f32', shape: tensor.shape }, weights),
    bias: tensorFrom({ dtype: inBytes ? 'i32' : 'f32', shape: [outputs] }, bias),
  };
}

class Storing {
  private readonly chosen: ReadonlyMap<string, Levels>;
  private readonly dtype: LevelDtype;
  /** Names of the bytes, by value. */
  private readonly bytes = new Map<string, string>();
  /** i32 that are levels. */
  private readonly wholes = new Map<string, Levels>();

  constructor(chosen: ReadonlyMap<string, Levels>, dtype: LevelDtype) {
    this.chosen = chosen;
    this.dtype = dtype;
  }

  readonly rule = (node: Node, view: RewriteView): Replacement | undefined => {
    const [x = ''] = node.inputs;
    if (node.op === 'conv') {
      const levels = this.chosen.get(x) ?? this.wholes.get(x);
      return levels === undefined ? undefined : this.convolve(node, levels, view);
    }
    const levels = this.chosen.get(x);
    if (levels !== undefined && isWhole(node)) this.wholes.set(node.outputs[0] ?? '', levels);
    if (!node.inputs.some((input) => this.chosen.has(input))) return undefined;
    return { op: node.op, inputs: node.inputs.map((input) => this.widen(input, view)), attributes: node.attributes };
  };

  private convolve(node: Node, levels: Levels, view: RewriteView): Replacement | undefined {
    const filter = filterOf(node, view, { base: levels.base, dtype: this.dtype });
    if (filter === undefined) return undefined;
    const [output = ''] = node.outputs;
    const inputs = [
      this.bytesOf(levels, view),
      view.addConstant(filter.weights, `${output}.weights`),
      view.addConstant(filter.bias, `${output}.bias`),
    ];
    const zero = levels.base === 0 ? {} : { zero: -levels.base };
    const conv = { op: 'conv', inputs, attributes: { ...node.attributes, whole: true, ...zero } };
    const isCast = filter.weights.dtype === 'i8' && view.types.get(output)?.dtype === 'f32';
    if (!isCast) return conv;
    return { op: 'cast', inputs: [view.add('conv', inputs, conv.attributes, `${output}.sums`)], attributes: { to: 'f32' } };
  }

  private bytesOf({ value, base }: Levels, view: RewriteView): string {
    const known = this.bytes.get(value);
    if (known !== undefined) return known;
    const shifted = base === 0 ? value : view.add('sub', [value, scalar(base, view)], {}, `${value}.shifted`);
    const bytes = view.add('cast', [shifted], { to: this.dtype }, `${value}.bytes`);
    this.bytes.set(value, bytes);
    return bytes;
  }

  /** The value again, read from its bytes. */
  private widen(input: string, view: RewriteView): string {
    const levels = this.chosen.get(input);
    if (levels === undefined) return input;
    const wide = view.add('cast', [this.bytesOf(levels, view)], { to: 'f32' }, `${input}.wide`);
    return levels.base === 0 ? wide : view.add('add', [wide, scalar(levels.base, view)], {}, `${input}.level`);
  }
}

function scalar(value: number, view: RewriteView): string {
  return view.addConstant({ dtype: 'f32', shape: [], data: Float32Array.of(value) }, 'levels.base');
}

/** Sums of whole numbers need no rounding. */
function dropRound(node: Node, view: RewriteView): Replacement | undefined {
  const [x = ''] = node.inputs;
  if (node.op !== 'round') return undefined;
  const cast = view.producer(x, 'cast');
  const isSum =
    view.types.get(cast?.inputs[0] ?? '')?.dtype === 'i32' || view.producer(x, 'conv')?.attributes['whole'] === true;
  return isSum ? { alias: x } : undefined;
}

/** Reading the weights is all that a product of a row and a matrix takes: whole ones of f32 become bytes. */
function storeMatrix(node: Node, view: RewriteView): Replacement | undefined {
  const [a = '', b = ''] = node.inputs;
  const tensor = view.constant(b);
  if (node.op !== 'matmul' || tensor?.dtype !== 'f32' || view.constant(a) !== undefined) return undefined;
  const weights = numbersOf(tensor);
  if (!weights.every(isSignedByte)) return undefined;
  const bytes = tensorFrom({ dtype: 'i8', shape: tensor.shape }, weights);
  return { op: 'matmul', inputs: [a, view.addConstant(bytes, `${b}.bytes`)], attributes: node.attributes };
}

function isSignedByte(value: number): boolean {
  return Number.isInteger(value) && value >= -128 && value <= 127 && !Object.is(value, -0);
}
