// The image prologue: what a model's first kernel computes when it is given a picture instead of a tensor. Written as graph nodes, so
// that it is lowered, fused and laid out like everything else.

import type { Tensor, TensorType } from '../core/tensor.js';
import { tensorOf } from '../core/tensor.js';
import type { Attributes, Graph, Node } from '../graph/graph.js';
import { operator } from '../graph/ops/index.js';
import type { ImagePrologue } from './assemble.js';
import type { ImageInput } from './manifest.js';

/** ITU-R BT.601 luma. */
const luma = [0.299, 0.587, 0.114];

/**
 * The node that writes `target` (the value that stands for the model's input, laid out in any way) from u8[1,h,w,3].
 * @param graph the graph that has `target`
 */
export function imagePrologue(graph: Graph, target: string, image: ImageInput): ImagePrologue {
  const builder = new PrologueBuilder(image);
  const last = builder.build();
  const body = builder.nodes.map((node) => ({ ...node, outputs: node.outputs.map((name) => (name === last ? target : name)) }));
  const types = new Map([...builder.types].filter(([name]) => name !== last));
  types.set(target, graph.types.get(target) as TensorType);
  const node: Node = { op: 'fused', inputs: ['pixels', ...builder.constants.keys()], outputs: [target], attributes: {}, body };
  const layout = graph.layouts.get(target);
  return {
    replaces: target,
    node,
    graph: {
      inputs: ['pixels'],
      outputs: [{ name: target, value: target }],
      nodes: [node],
      types,
      constants: builder.constants,
      layouts: layout === undefined ? new Map() : new Map([[target, layout]]),
    },
  };
}

class PrologueBuilder {
  readonly nodes: Node[] = [];
  readonly types = new Map<string, TensorType>();
  readonly constants = new Map<string, Tensor>();
  private readonly image: ImageInput;

  constructor(image: ImageInput) {
    this.image = image;
    this.types.set('pixels', { dtype: 'u8', shape: [1, image.height, image.width, 3] });
  }

  build(): string {
    const { colors, channelsLast, mean, std } = this.image;
    let value = this.add('cast', ['pixels'], { to: 'f32' });
    value = this.add('transpose', [value], { permutation: [0, 3, 1, 2] });
    if (colors === 'bgr') value = this.slice(value, 2, -1, 3);
    if (colors === 'gray') value = this.gray(value);
    if (mean.some((each) => each !== 0)) value = this.add('sub', [value, this.perChannel('mean', mean)], {});
    if (std.some((each) => each !== 1))
      value = this.add(
        'mul',
        [
          value,
          this.perChannel(
            'scale',
            std.map((each) => 1 / each),
          ),
        ],
        {},
      );
    return channelsLast ? this.add('transpose', [value], { permutation: [0, 2, 3, 1] }) : value;
  }

  private gray(value: string): string {
    const parts = luma.map((weight, channel) =>
      this.add('mul', [this.slice(value, channel, 1, 1), this.scalar(`luma${channel}`, weight)], {}),
    );
    return parts.reduce((sum, part) => this.add('add', [sum, part], {}));
  }

  private slice(value: string, start: number, step: number, count: number): string {
    const { width, height } = this.image;
    return this.add('slice', [value], { starts: [0, start, 0, 0], steps: [1, step, 1, 1], sizes: [1, count, height, width] });
  }

  private perChannel(name: string, values: readonly number[]): string {
    return this.constant(name, tensorOf('f32', [1, values.length, 1, 1], values));
  }

  private scalar(name: string, value: number): string {
    return this.constant(name, tensorOf('f32', [], [value]));
  }

  private constant(name: string, tensor: Tensor): string {
    this.constants.set(name, tensor);
    this.types.set(name, { dtype: tensor.dtype, shape: tensor.shape });
    return name;
  }

  private add(op: string, inputs: readonly string[], attributes: Attributes): string {
    const output = `image.${this.nodes.length}`;
    const [type] = operator(op).infer(
      inputs.map((name) => this.types.get(name)),
      attributes,
    );
    if (type !== undefined) this.types.set(output, type);
    this.nodes.push({ op, inputs, outputs: [output], attributes });
    return output;
  }
}
