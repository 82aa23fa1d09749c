// Winograd: 3x3 convolutions of stride 1 as input transform, products and output transform, where the caller chooses so.

import type { Tensor } from '../../core/tensor.js';
import { integersAttribute, numberAttribute } from '../attributes.js';
import type { Graph, Node } from '../graph.js';
import { operator } from '../ops/index.js';
import { type WinogradTile, winogradMatrices } from '../winograd.js';

/** What decides whether a convolution is worth it. */
export interface WinogradFacts {
  readonly channels: number;
  readonly outputs: number;
  /** Of the output. */
  readonly height: number;
  readonly width: number;
}

/** The tile for a convolution, undefined to leave it direct. */
export type WinogradChoice = (facts: WinogradFacts) => WinogradTile | undefined;

export function useWinograd(graph: Graph, choose: WinogradChoice): Graph {
  const types = new Map(graph.types);
  const constants = new Map(graph.constants);
  let changed = false;
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    const tile = eligible(graph, node) ? choose(factsOf(graph, node)) : undefined;
    if (tile === undefined) return [node];
    changed = true;
    const [x = '', w = '', bias = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const filters = `${output}.filters`;
    const tensor = transformFilters(constants.get(w) as Tensor, tile);
    constants.set(filters, tensor);
    types.set(filters, { dtype: tensor.dtype, shape: tensor.shape });
    const add = (op: string, inputs: readonly string[], attributes: Node['attributes'], name: string): Node => {
      const [type] = operator(op).infer(
        inputs.map((input) => types.get(input)),
        attributes,
      );
      if (type !== undefined) types.set(name, type);
      return { op, inputs, outputs: [name], attributes };
    };
    const [, , height = 1, width = 1] = types.get(output)?.shape ?? [];
    return [
      add('winograd-input', [x], { tile, pads: integersAttribute(node.attributes, 'pads') }, `${output}.planes`),
      add('winograd-multiply', [`${output}.planes`, filters], {}, `${output}.products`),
      add(
        'winograd-output',
        bias === '' ? [`${output}.products`] : [`${output}.products`, bias],
        { tile, height, width },
        output,
      ),
    ];
  });
  return changed ? withoutUnread({ ...graph, nodes, types, constants }) : graph;
}

function eligible(graph: Graph, node: Node): boolean {
  if (node.op !== 'conv' || numberAttribute(node.attributes, 'group') !== 1) return false;
  // Sums of whole numbers that must stay exact.
  if (node.attributes['whole'] === true) return false;
  const filters = graph.constants.get(node.inputs[1] ?? '');
  const x = graph.types.get(node.inputs[0] ?? '');
  const isOne = (name: string) => integersAttribute(node.attributes, name).every((value) => value === 1);
  return (
    filters?.dtype === 'f32' &&
    filters.shape[2] === 3 &&
    filters.shape[3] === 3 &&
    x?.shape[0] === 1 &&
    isOne('strides') &&
    isOne('dilations')
  );
}

function factsOf(graph: Graph, node: Node): WinogradFacts {
  const [outputs = 1, channels = 1] = graph.types.get(node.inputs[1] ?? '')?.shape ?? [];
  const [, , height = 1, width = 1] = graph.types.get(node.outputs[0] ?? '')?.shape ?? [];
  return { channels, outputs, height, width };
}

/** G g G^T of every filter: f32[o,i,3,3] to f32[(tile + 2)^2,o,i]. */
function transformFilters(filters: Tensor, tile: WinogradTile): Tensor {
  const { filter } = winogradMatrices(tile);
  const size = filter.length;
  const [outputs = 1, channels = 1] = filters.shape;
  const pairs = outputs * channels;
  const data = new Float32Array(size * size * pairs);
  const weights = filters.data as Float32Array;
  const factors = filter.flatMap((u) => filter.map((v) => u.flatMap((a) => v.map((b) => a * b))));
  for (const [plane, taps] of factors.entries()) {
    for (let pair = 0; pair < pairs; pair++) {
      let sum = 0;
      for (let tap = 0; tap < 9; tap++) sum += (taps[tap] as number) * (weights[pair * 9 + tap] as number);
      data[plane * pairs + pair] = sum;
    }
  }
  return { dtype: 'f32', shape: [size * size, outputs, channels], data };
}

/** Drops the direct filters that nothing reads any more. */
function withoutUnread(graph: Graph): Graph {
  const read = new Set([...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.map(({ value }) => value)]);
  const constants = new Map([...graph.constants].filter(([name]) => read.has(name)));
  const types = new Map([...graph.types].filter(([name]) => !graph.constants.has(name) || constants.has(name)));
  return { ...graph, constants, types };
}
