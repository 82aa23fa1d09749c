// Programs to be scheduled: lowered operators, alone and fused, in plain and blocked layouts with borders, with inputs for them.

import { elementCount, type Shape, type Tensor, type TensorType } from '../../runtime/core/tensor.js';
import { GraphBuilder } from '../../runtime/graph/builder.js';
import type { Attributes, Graph, Layout, Node } from '../../runtime/graph/graph.js';
import { numbersOf, tensorFrom } from '../../runtime/graph/numbers.js';
import { fuse } from '../../runtime/graph/passes/fuse.js';
import type { Program } from '../../runtime/loop/program.js';
import { lowerNode } from '../../runtime/lower/lower.js';

/** A program and a name for it. */
export interface Sample {
  readonly title: string;
  readonly program: Program;
}

const window = { group: 1, strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] };
const pooling = { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1], ceilMode: false };
const resizing = { cubicA: -0.75, excludeOutside: false, extrapolation: 0, roi: [], antialias: false, nearest: 'floor' };

/** An operator on `x` of a shape and on constants of further shapes; what `tail` names is fused into it. */
interface Recipe {
  readonly op: string;
  readonly shape: Shape;
  readonly constants?: readonly Shape[];
  readonly attributes?: Attributes;
  readonly tail?: readonly string[];
}

const recipes: readonly Recipe[] = [
  { op: 'conv', shape: [1, 5, 7, 6], constants: [[9, 5, 3, 3], [9]], attributes: window, tail: ['relu'] },
  { op: 'conv', shape: [1, 8, 9, 9], constants: [[8, 8, 3, 3]], attributes: { ...window, strides: [2, 2] }, tail: ['silu'] },
  { op: 'conv', shape: [1, 16, 5, 6], constants: [[24, 16, 1, 1], [24]], attributes: { ...window, pads: [0, 0, 0, 0] } },
  { op: 'conv', shape: [1, 8, 6, 6], constants: [[8, 4, 3, 3]], attributes: { ...window, group: 2 } },
  { op: 'conv', shape: [2, 10, 8, 7], constants: [[10, 1, 3, 3], [10]], attributes: { ...window, group: 10 }, tail: ['clip'] },
  { op: 'conv-transpose', shape: [1, 4, 4, 5], constants: [[4, 6, 2, 2]], attributes: transposing() },
  { op: 'matmul', shape: [7, 19], constants: [[19, 33]] },
  { op: 'matmul', shape: [1, 40], constants: [[40, 9]] },
  { op: 'gemm', shape: [3, 32], constants: [[10, 32], [10]], attributes: { alpha: 1, beta: 1, transA: false, transB: true } },
  { op: 'max-pool', shape: [1, 6, 8, 9], attributes: pooling },
  { op: 'average-pool', shape: [1, 6, 8, 9], attributes: { ...pooling, countIncludePad: false } },
  { op: 'reduce-mean', shape: [1, 6, 8, 8], attributes: { axes: [2, 3], keepDims: true } },
  { op: 'reduce-max', shape: [3, 64], attributes: { axes: [1], keepDims: false } },
  { op: 'softmax', shape: [3, 37], attributes: { axis: 1 } },
  { op: 'softmax', shape: [1, 5, 3, 18], attributes: { axis: 1 } },
  { op: 'layer-norm', shape: [4, 32], constants: [[32], [32]], attributes: { axis: 1, epsilon: 1e-5 } },
  { op: 'instance-norm', shape: [1, 6, 4, 5], constants: [[6], [6]], attributes: { epsilon: 1e-5 } },
  { op: 'sigmoid', shape: [1, 6, 5, 7] },
  { op: 'hard-swish', shape: [1, 17, 3, 3] },
  { op: 'add', shape: [1, 6, 5, 7], constants: [[6, 1, 1]], tail: ['leaky-relu'] },
  { op: 'max', shape: [5, 23], constants: [[23]] },
  { op: 'transpose', shape: [1, 6, 5, 9], attributes: { permutation: [0, 2, 3, 1] } },
  { op: 'pad', shape: [1, 6, 5, 9], attributes: { mode: 'constant', pads: [0, 0, 1, 2, 0, 0, 2, 1], value: 2 } },
  { op: 'pad', shape: [1, 6, 5, 9], attributes: { mode: 'reflect', pads: [0, 0, 1, 2, 0, 0, 2, 1], value: 0 } },
  { op: 'pad', shape: [1, 6, 5, 9], attributes: { mode: 'edge', pads: [0, 0, 1, 2, 0, 0, 2, 1], value: 0 } },
  { op: 'resize', shape: [1, 6, 4, 5], attributes: resized('nearest', [1, 6, 8, 10]) },
  { op: 'resize', shape: [1, 6, 4, 5], attributes: resized('linear', [1, 6, 8, 10]) },
  { op: 'resize', shape: [1, 6, 4, 5], attributes: resized('cubic', [1, 6, 7, 9]) },
  { op: 'slice', shape: [1, 7, 6, 9], attributes: { starts: [0, 1, 0, 1], steps: [1, 1, 2, 1], sizes: [1, 6, 3, 8] } },
  { op: 'depth-to-space', shape: [1, 16, 3, 4], attributes: { blocksize: 2, mode: 'DCR' } },
  { op: 'cum-sum', shape: [4, 9], attributes: { axis: 1, exclusive: false, reverse: false } },
];

function transposing(): Attributes {
  return { group: 1, strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1], outputPads: [0, 0] };
}

function resized(mode: string, sizes: readonly number[]): Attributes {
  const scales = sizes.map((size, axis) => size / ([1, 6, 4, 5][axis] ?? 1));
  return { ...resizing, mode, coordinates: 'half_pixel', sizes, scales };
}

const tails: Readonly<Record<string, Attributes>> = { clip: { min: 0, max: 6 }, 'leaky-relu': { alpha: 0.5 } };

/** Whole numbers -3..3, so that sums are exact in every order. */
function wholeNumbers({ dtype, shape }: TensorType, seed = 1): Tensor {
  let state = seed * 7919;
  const values = Array.from({ length: elementCount(shape) }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return (Math.floor(state / 65536) % 7) - 3;
  });
  return tensorFrom({ dtype, shape }, Float64Array.from(values));
}

/** What an input or constant of a program holds. */
export function feedsOf(program: Program): Map<string, Tensor> {
  const given = program.buffers.filter(({ role }) => role === 'input' || role === 'constant');
  return new Map(given.map((buffer, i) => [buffer.name, wholeNumbers(buffer, i + 1)]));
}

function graphOf({ op, shape, constants = [], attributes = {}, tail = [] }: Recipe): Graph {
  const builder = new GraphBuilder();
  const x = builder.addInput('x', { dtype: 'f32', shape });
  const parameters = constants.map((of, i) => builder.addConstant(`c${i}`, wholeNumbers({ dtype: 'f32', shape: of })));
  const host = builder.addOne(op, [x, ...parameters], attributes);
  builder.output(
    'y',
    tail.reduce((value, name) => builder.addOne(name, [value], tails[name] ?? {}), host),
  );
  return fuse(builder.build());
}

function withLayout(graph: Graph, layout: Layout): Graph {
  const values = [...graph.inputs, ...graph.nodes.flatMap(({ outputs }) => outputs)];
  const blocked = values.filter((value) => graph.types.get(value)?.shape.length === 4);
  return { ...graph, layouts: new Map(blocked.map((value) => [value, layout])) };
}

/** Whatever can be is stored in halves. */
function inHalves(graph: Graph): Graph {
  const stored = [...graph.inputs, ...graph.nodes.flatMap(({ outputs }) => outputs), ...graph.constants.keys()];
  return { ...graph, halves: new Set(stored) };
}

function computedInHalves(graph: Graph): Graph {
  return { ...inHalves(graph), narrow: new Set(graph.nodes.flatMap(({ outputs }) => outputs)) };
}

/** What reads and writes halves in ways of its own. */
const halved: ReadonlySet<string> = new Set(['conv', 'matmul', 'average-pool', 'softmax', 'pad', 'sigmoid']);

/**
 * All recipes in plain layout and, where values have four axes, in blocks of `block` channels with a border; the last of these of some
 * operators in halves too, and of convolutions computed in them.
 */
export function samples(block: number): Sample[] {
  return recipes.flatMap((recipe) => {
    const graph = graphOf(recipe);
    const blocked = withLayout(graph, { block, border: [1, 1, 1, 1] });
    const blocks = `in blocks of ${block}`;
    const variants =
      blocked.layouts.size === 0
        ? [{ how: 'plain', graph }]
        : [
            { how: 'plain', graph },
            { how: blocks, graph: blocked },
          ];
    const last = variants.at(-1);
    if (last !== undefined && halved.has(recipe.op))
      variants.push({ how: `${last.how} in halves`, graph: inHalves(last.graph) });
    // Computed in halves too: whole numbers below 2048 are exact.
    if (recipe.op === 'conv')
      variants.push({ how: `${last?.how} computed in halves`, graph: computedInHalves(last?.graph ?? graph) });
    return variants.flatMap(({ how, graph: variant }) =>
      variant.nodes.flatMap((node: Node) =>
        lowerNode(variant, node).map(({ program, title }) => ({
          title: `${title} [${recipe.shape.join(',')}] ${how}`,
          program,
        })),
      ),
    );
  });
}

/** How far rounding to halves may lie from rounding almost the same number: one unit in the last place. */
export const halfStep = 2 ** -10;

/** The greatest distance of two tensors in units of max(1, |want|); infinite where only one is NaN. */
export function distance(got: Tensor, want: Tensor): number {
  let greatest = 0;
  const [gotten, wanted] = [numbersOf(got), numbersOf(want)];
  for (let i = 0; i < wanted.length; i++) {
    const [a, b] = [gotten[i] as number, wanted[i] as number];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const far = Math.abs(a - b) / Math.max(1, Math.abs(b));
    greatest = Math.max(greatest, Number.isNaN(far) ? Number.POSITIVE_INFINITY : far);
  }
  return greatest;
}
