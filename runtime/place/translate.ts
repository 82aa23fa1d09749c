// Operators of the graph in the words of onbox_npu.h, or the reason why there are none for them.

import type { NpuNode, NpuOperator } from '../../addon/index.js';
import { booleanAttribute, integersAttribute, numberAttribute } from '../graph/attributes.js';
import type { Attributes, Graph, Node } from '../graph/graph.js';

/** One or two operators of the ABI; the second of two reads what the first writes as `between`. */
export interface Translation {
  readonly op: NpuOperator;
  readonly inputs: readonly string[];
  readonly integers: readonly number[];
  readonly floats: readonly number[];
  /** An operator after it, over its result and the first input: x * sigmoid(x). */
  readonly after?: NpuNode['op'];
  readonly multiplyAdds: number;
}

/** Operands of an operator of the ABI. */
const operandsMax = 4;
const rankMax = 6;
/** Of f32: a clip without a limit. */
const floatMax = 3.4028234663852886e38;

type Rule = (graph: Graph, node: Node) => Partial<Translation> | string;

/** The translation of a node, or why it has none, in words. */
export function translate(graph: Graph, node: Node): Translation | string {
  const rule = rules[node.op];
  if (rule === undefined) return `no plugin knows ${node.op}`;
  const values = [...node.inputs, ...node.outputs].filter((name) => name !== '');
  const odd = values.map((name) => graph.types.get(name)).find((type) => type?.dtype !== 'f32' || type.shape.length > rankMax);
  if (odd !== undefined) return odd.dtype === 'f32' ? `rank ${odd.shape.length}` : `values of ${odd.dtype}`;
  const made = rule(graph, node);
  if (typeof made === 'string') return made;
  return { op: 'relu', inputs: node.inputs, integers: [], floats: [], multiplyAdds: 0, ...made };
}

const rules: Readonly<Record<string, Rule>> = {
  conv(graph, node) {
    const [, weights = '', bias = ''] = node.inputs;
    if (!isConstant(graph, weights) || !isConstant(graph, bias)) return 'weights that are computed';
    const [maps = 1, depth = 1, height = 1, width = 1] = shapeOf(graph, weights);
    const group = numberAttribute(node.attributes, 'group');
    const outputs = count(shapeOf(graph, node.outputs[0] ?? ''));
    return {
      op: 'conv',
      integers: [...windowOf(node.attributes, [height, width]), group, 0],
      multiplyAdds: maps === 0 ? 0 : outputs * depth * height * width,
    };
  },
  gemm(graph, { inputs, attributes, outputs }) {
    const [, b = '', bias = ''] = inputs;
    if (!isConstant(graph, b) || !isConstant(graph, bias)) return 'a matrix that is computed';
    if (numberAttribute(attributes, 'alpha') !== 1) return 'a factor before the product';
    if (bias !== '' && numberAttribute(attributes, 'beta') !== 1) return 'a factor before the bias';
    if (bias !== '' && shapeOf(graph, bias).length !== 1) return 'a bias of more than one axis';
    const [transA, transB] = [booleanAttribute(attributes, 'transA'), booleanAttribute(attributes, 'transB')];
    return product(graph, b, outputs[0] ?? '', transA, transB);
  },
  matmul(graph, { inputs, outputs }) {
    const [a = '', b = ''] = inputs;
    if (!isConstant(graph, b)) return 'a matrix that is computed';
    if (shapeOf(graph, b).length !== 2 || shapeOf(graph, a).length < 2) return 'a stack of matrices';
    return product(graph, b, outputs[0] ?? '', false, false);
  },
  'max-pool': (_, { attributes }) => ({
    op: 'max-pool',
    integers: windowOf(attributes, integersAttribute(attributes, 'kernel')),
  }),
  'average-pool': (_, { attributes }) => ({
    op: 'average-pool',
    integers: [
      ...windowOf(attributes, integersAttribute(attributes, 'kernel')),
      booleanAttribute(attributes, 'countIncludePad') ? 1 : 0,
    ],
  }),
  'reduce-mean': (graph, { inputs, attributes }) => {
    const [, , height = 1, width = 1] = shapeOf(graph, inputs[0] ?? '');
    const isPlane = shapeOf(graph, inputs[0] ?? '').length === 4 && integersAttribute(attributes, 'axes').join() === '2,3';
    if (!isPlane || attributes['keepDims'] !== true) return 'a mean over other axes than those of a plane';
    return { op: 'average-pool', integers: [height, width, 1, 1, 0, 0, 0, 0, 1, 1, 0] };
  },
  relu: () => ({ op: 'relu' }),
  clip: (_, { attributes }) => ({
    op: 'clip',
    floats: [Math.max(numberAttribute(attributes, 'min'), -floatMax), Math.min(numberAttribute(attributes, 'max'), floatMax)],
  }),
  sigmoid: () => ({ op: 'sigmoid' }),
  silu: () => ({ op: 'sigmoid', after: 'mul' }),
  add: () => ({ op: 'add' }),
  mul: () => ({ op: 'mul' }),
  concat: (_, { inputs, attributes }) =>
    inputs.length > operandsMax
      ? `${inputs.length} operands, ${operandsMax} at most`
      : { op: 'concat', integers: [numberAttribute(attributes, 'axis')] },
  reshape: () => ({ op: 'reshape' }),
  softmax: (_, { attributes }) => ({ op: 'softmax', integers: [numberAttribute(attributes, 'axis')] }),
  transpose: (_, { attributes }) => ({ op: 'transpose', integers: integersAttribute(attributes, 'permutation') }),
  resize: (graph, node) => {
    const [from, to] = [shapeOf(graph, node.inputs[0] ?? ''), shapeOf(graph, node.outputs[0] ?? '')];
    if (from.length !== 4 || from[0] !== to[0] || from[1] !== to[1]) return 'a resize of other axes than those of a plane';
    const { mode, coordinates, nearest, scales } = node.attributes;
    const isPlain = to.every((extent, axis) => (scales as readonly number[])[axis] === extent / (from[axis] ?? 1));
    if (isPlain && mode === 'nearest' && coordinates === 'asymmetric' && nearest === 'floor')
      return { op: 'resize', integers: [0] };
    if (isPlain && mode === 'linear' && coordinates === 'half_pixel') return { op: 'resize', integers: [1] };
    return `a resize by ${String(mode)}, ${String(coordinates)}`;
  },
};

function product(graph: Graph, b: string, output: string, transA: boolean, transB: boolean): Partial<Translation> {
  const depth = shapeOf(graph, b)[transB ? 1 : 0] ?? 1;
  return { op: 'gemm', integers: [transA ? 1 : 0, transB ? 1 : 0], multiplyAdds: count(shapeOf(graph, output)) * depth };
}

/** kh kw sh sw pt pl pb pr dh dw. */
function windowOf(attributes: Attributes, kernel: readonly number[]): number[] {
  return [
    ...kernel,
    ...integersAttribute(attributes, 'strides', { count: 2 }),
    ...integersAttribute(attributes, 'pads', { count: 4 }),
    ...integersAttribute(attributes, 'dilations', { count: 2 }),
  ];
}

function isConstant(graph: Graph, value: string): boolean {
  return value === '' || graph.constants.has(value);
}

function shapeOf(graph: Graph, value: string): readonly number[] {
  return graph.types.get(value)?.shape ?? [];
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
