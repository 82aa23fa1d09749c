// A network while it is written down, as PyTorch's exporter names and traces things.

import { type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import type { AttributeSketch, ModelSketch, NodeSketch } from '../support/onnx-writer.js';
import { Random } from './random.js';

type AttributeSketches = Readonly<Record<string, AttributeSketch>>;

/** Writes nodes one after another; every method returns the name of a value. */
export class Export {
  readonly #nodes: NodeSketch[] = [];
  readonly #initializers: Record<string, Tensor> = {};
  readonly #random = new Random(7);

  all(op: string, inputs: readonly string[], attributes: AttributeSketches, outputCount: number): string[] {
    const at = this.#nodes.length;
    const outputs = Array.from({ length: outputCount }, (_, i) => `/${op}_${at}_output_${i}`);
    this.#nodes.push({ op, name: `/${op}_${at}`, inputs, outputs, attributes });
    return outputs;
  }

  add(op: string, inputs: readonly string[], attributes: AttributeSketches = {}): string {
    return this.all(op, inputs, attributes, 1)[0] as string;
  }

  /** Of the domain com.microsoft. */
  fused(op: string, inputs: readonly string[], attributes: AttributeSketches = {}): string {
    const output = this.add(op, inputs, attributes);
    const node = this.#nodes.pop() as NodeSketch;
    this.#nodes.push({ ...node, domain: 'com.microsoft' });
    return output;
  }

  constant(tensor: Tensor): string {
    const name = `onnx::${Object.keys(this.#initializers).length}`;
    this.#initializers[name] = tensor;
    return name;
  }

  ints(...values: readonly number[]): string {
    return this.constant(tensorOf('i64', [values.length], values));
  }

  int(value: number): string {
    return this.constant(tensorOf('i64', [], [value]));
  }

  scalar(value: number): string {
    return this.constant(tensorOf('f32', [], [value]));
  }

  /** Sums over all axes but the first stay near 1. */
  weight(...shape: readonly number[]): string {
    const fan = shape.slice(1).reduce((product, extent) => product * extent, 1);
    const { data } = this.#random.tensor(shape);
    return this.constant(
      tensorOf(
        'f32',
        shape,
        Float32Array.from(data as Float32Array, (x) => x / Math.sqrt(3 * fan)),
      ),
    );
  }

  conv(x: string, inputs: number, outputs: number, kernel: number, attributes: AttributeSketches = {}): string {
    const group = Number(attributes['group'] ?? 1);
    const pad = Math.floor(kernel / 2);
    return this.add('Conv', [x, this.weight(outputs, inputs / group, kernel, kernel), this.weight(outputs)], {
      kernel_shape: [kernel, kernel],
      ...('auto_pad' in attributes ? {} : { pads: [pad, pad, pad, pad] }),
      ...attributes,
    });
  }

  linear(x: string, inputs: number, outputs: number): string {
    const weights = this.add('Transpose', [this.weight(outputs, inputs)], { perm: [1, 0] });
    return this.add('Add', [this.weight(outputs), this.add('MatMul', [x, weights])]);
  }

  /** Shape -> Gather, as x.size(axis) is traced. */
  size(x: string, axis: number): string {
    return this.add('Unsqueeze', [this.add('Gather', [this.add('Shape', [x]), this.int(axis)], { axis: 0 }), this.ints(0)]);
  }

  finish(inputs: ModelSketch['inputs'], outputs: ModelSketch['outputs'], opset = 17): ModelSketch {
    return { inputs, outputs, nodes: this.#nodes, initializers: this.#initializers, opset };
  }
}
