// The image prologue: what a model's first kernel computes when it is given a picture instead of a tensor. Written as graph nodes, so
// that it is lowered, fused and laid out like everything else.

import { assert } from '../core/assert.js';
import { tensorOf } from '../core/tensor.js';
import { GraphBuilder } from '../graph/builder.js';
import type { Graph, Node, TensorType } from '../graph/graph.js';
import type { ImagePrologue } from './assemble.js';
import type { ImageInput } from './manifest.js';

/** ITU-R BT.601. */
const luma = [0.299, 0.587, 0.114];

export type PixelType = 'u8' | 'u16';

/** One pixel of so small an input stands for hundreds of a photo, and rounding it to a byte is the largest error on its way. */
const finePixelsMax = 64 * 64;

/** What a module takes pictures as, one plan for each, the best last: bytes always, 256ths of bytes too where the input is small. */
export function pixelTypesOf({ width, height }: Pick<ImageInput, 'width' | 'height'>): readonly PixelType[] {
  return width * height <= finePixelsMax ? ['u8', 'u16'] : ['u8'];
}

/** From the input `pixels`, u8[1,h,w,3] or u16 in 256ths, RGB, to the tensor that it means to the model. */
export function imageGraph(image: ImageInput, type: PixelType = 'u8'): Graph {
  const { width, height, colors, channelsLast, mean, std } = image;
  const builder = new GraphBuilder();
  const slice = (value: string, start: number, step: number, count: number) =>
    builder.addOne('slice', [value], {
      starts: [0, start, 0, 0],
      steps: [1, step, 1, 1],
      sizes: [1, count, height, width],
    });
  const perChannel = (name: string, values: readonly number[]) =>
    builder.addConstant(name, tensorOf('f32', [1, values.length, 1, 1], values));
  const gray = (value: string) =>
    luma
      .map((weight, i) => [slice(value, i, 1, 1), builder.addConstant(`luma${i}`, tensorOf('f32', [], [weight]))] as const)
      .map((weighted) => builder.addOne('mul', weighted))
      .reduce((sum, part) => builder.addOne('add', [sum, part]));

  let value = builder.addInput('pixels', { dtype: type, shape: [1, height, width, 3] });
  value = builder.addOne('cast', [value], { to: 'f32' });
  if (type === 'u16') value = builder.addOne('mul', [value, builder.addConstant('unit', tensorOf('f32', [], [1 / 256]))]);
  value = builder.addOne('transpose', [value], { permutation: [0, 3, 1, 2] });
  if (colors === 'bgr') value = slice(value, 2, -1, 3);
  if (colors === 'gray') value = gray(value);
  if (mean.some((each) => each !== 0)) value = builder.addOne('sub', [value, perChannel('mean', mean)]);
  if (std.some((each) => each !== 1)) {
    const scale = perChannel(
      'scale',
      std.map((each) => 1 / each),
    );
    value = builder.addOne('mul', [value, scale]);
  }
  if (channelsLast) value = builder.addOne('transpose', [value], { permutation: [0, 2, 3, 1] });
  builder.output('tensor', value);
  return builder.build();
}

/**
 * For each type of pixels the node that writes, from a picture, what a laid-out graph copies from its input.
 * @param graph of chooseLayouts, which puts a copy behind every input of rank 4
 */
export function imagePrologues(graph: Graph, image: ImageInput): ImagePrologue[] {
  return pixelTypesOf(image).map((type) => imagePrologue(graph, image, type));
}

function imagePrologue(graph: Graph, image: ImageInput, type: PixelType): ImagePrologue {
  const entry = graph.nodes.find((node) => node.op === 'copy' && node.inputs[0] === image.input);
  const target = entry?.outputs[0];
  assert(target !== undefined, `nothing copies the input "${image.input}"`);
  // Its names are made up and the copy's ends in ".in", so they do not meet.
  const { inputs, outputs, nodes, types, constants } = imageGraph(image, type);
  const rename = (name: string) => (name === outputs[0]?.value ? target : name);
  const body = nodes.map((node) => ({ ...node, outputs: node.outputs.map(rename) }));
  const node: Node = { op: 'fused', inputs: [...inputs, ...constants.keys()], outputs: [target], attributes: {}, body };
  const layout = graph.layouts.get(target);
  return {
    replaces: target,
    node,
    graph: {
      inputs,
      outputs: [{ name: target, value: target }],
      nodes: [node],
      types: new Map<string, TensorType>([...types].map(([name, type]) => [rename(name), type])),
      constants,
      layouts: layout === undefined ? new Map() : new Map([[target, layout]]),
      ...(graph.halves?.has(target) ? { halves: new Set([target]) } : {}),
    },
  };
}
