// Well-known networks as ONNX models with random weights, for benchmarks and tests: the shapes are those of the papers, the numbers
// are seeded, and weights are scaled (He) so that activations stay in range through the depth.

import { elementCount, type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { type AttributeSketch, type NodeSketch, writeOnnx } from './onnx-writer.js';

/** ResNet-18, He et al. 2015, as torchvision exports it: batch norms folded into the convolutions. */
export function resnet18(): Uint8Array {
  return resnet([2, 2, 2, 2], basicBlock);
}

export function resnet50(): Uint8Array {
  return resnet([3, 4, 6, 3], bottleneck);
}

/** MobileNet V1, Howard et al. 2017, width 1.0, with its batch norms as nodes of their own. */
export function mobilenetV1(): Uint8Array {
  const sketch = new NetworkSketch();
  let x = convBatchNorm(sketch, 'data', 32, { kernel: 3, stride: 2, pad: 1 });
  const layers: readonly (readonly [channels: number, stride: number])[] = [
    [64, 1],
    [128, 2],
    [128, 1],
    [256, 2],
    [256, 1],
    [512, 2],
    ...new Array<readonly [number, number]>(5).fill([512, 1]),
    [1024, 2],
    [1024, 1],
  ];
  for (const [channels, stride] of layers) {
    x = convBatchNorm(sketch, x, sketch.channels(x), { kernel: 3, stride, pad: 1, group: sketch.channels(x) });
    x = convBatchNorm(sketch, x, channels, { kernel: 1 });
  }
  return sketch.finish(classifier(sketch, x));
}

/** VGG-16, Simonyan and Zisserman 2014, configuration D. */
export function vgg16(): Uint8Array {
  const sketch = new NetworkSketch();
  let x = 'data';
  for (const [channels, count] of [
    [64, 2],
    [128, 2],
    [256, 3],
    [512, 3],
    [512, 3],
  ] as const) {
    for (let index = 0; index < count; index++) x = sketch.relu(sketch.conv(x, channels, { kernel: 3, pad: 1 }));
    x = sketch.add('MaxPool', [x], channels, { kernel_shape: [2, 2], strides: [2, 2] });
  }
  x = sketch.add('Flatten', [x], 512 * 7 * 7);
  x = sketch.relu(sketch.gemm(x, 4096));
  x = sketch.relu(sketch.gemm(x, 4096));
  return sketch.finish(sketch.gemm(x, 1000));
}

/** ViT-B/16, Dosovitskiy et al. 2020, as PyTorch exports it: 86 million parameters, GELU by Erf. */
export function vitB16(): Uint8Array {
  const [width, tokens, depth] = [768, 197, 12];
  const sketch = new NetworkSketch();
  let x = sketch.conv('data', width, { kernel: 16, stride: 16 }, 1);
  x = sketch.add('Reshape', [x, sketch.integers([1, width, tokens - 1])], width);
  x = sketch.add('Transpose', [x], width, { perm: [0, 2, 1] });
  x = sketch.add('Concat', [sketch.weight([1, 1, width], 0.5), x], width, { axis: 1 });
  x = sketch.add('Add', [x, sketch.weight([1, tokens, width], 0.5)], width);
  for (let layer = 0; layer < depth; layer++) {
    x = sketch.add('Add', [x, attention(sketch, layerNorm(sketch, x), tokens, 12)], width);
    const wide = gelu(sketch, dense(sketch, layerNorm(sketch, x), 4 * width));
    x = sketch.add('Add', [x, dense(sketch, wide, width)], width);
  }
  const first = sketch.add('Gather', [layerNorm(sketch, x), sketch.integers([0])], width, { axis: 1 });
  return sketch.finish(sketch.gemm(sketch.add('Flatten', [first], width), 1000), 17);
}

function layerNorm(sketch: NetworkSketch, x: string): string {
  const width = sketch.channels(x);
  return sketch.add('LayerNormalization', [x, sketch.weight([width], 0.1, 1), sketch.weight([width], 0.1)], width, {
    epsilon: 1e-6,
  });
}

function dense(sketch: NetworkSketch, x: string, features: number): string {
  const width = sketch.channels(x);
  const product = sketch.add('MatMul', [x, sketch.weight([width, features], Math.sqrt(1 / width))], features);
  return sketch.add('Add', [product, sketch.weight([features], 0.01)], features);
}

function gelu(sketch: NetworkSketch, x: string): string {
  const width = sketch.channels(x);
  const scaled = sketch.add('Mul', [x, sketch.weight([], 0, Math.SQRT1_2)], width);
  const share = sketch.add('Add', [sketch.add('Erf', [scaled], width), sketch.weight([], 0, 1)], width);
  return sketch.add('Mul', [sketch.add('Mul', [x, share], width), sketch.weight([], 0, 0.5)], width);
}

function attention(sketch: NetworkSketch, x: string, tokens: number, heads: number): string {
  const width = sketch.channels(x);
  const [query, key, value] = [
    [0, 2, 1, 3],
    [0, 2, 3, 1],
    [0, 2, 1, 3],
  ].map((perm) => {
    const split = sketch.add('Reshape', [dense(sketch, x, width), sketch.integers([1, tokens, heads, width / heads])], width);
    return sketch.add('Transpose', [split], width, { perm });
  }) as [string, string, string];
  const scaled = sketch.add('Mul', [query, sketch.weight([], 0, Math.sqrt(heads / width))], width);
  const weights = sketch.add('Softmax', [sketch.add('MatMul', [scaled, key], tokens)], tokens, { axis: -1 });
  const mixed = sketch.add('Transpose', [sketch.add('MatMul', [weights, value], width)], width, { perm: [0, 2, 1, 3] });
  return dense(sketch, sketch.add('Reshape', [mixed, sketch.integers([1, tokens, width])], width), width);
}

interface ConvShape {
  readonly kernel: number;
  readonly stride?: number;
  readonly pad?: number;
  readonly group?: number;
  readonly bias?: boolean;
}

/** Collects nodes and weights; remembers how many channels each value has. */
class NetworkSketch {
  readonly #nodes: NodeSketch[] = [];
  readonly #initializers: Record<string, Tensor> = {};
  readonly #channels = new Map([['data', 3]]);
  /** Of a 32-bit xorshift: the same numbers on every machine. */
  #state = 1;

  channels(value: string): number {
    return this.#channels.get(value) ?? 0;
  }

  add(
    op: string,
    inputs: readonly string[],
    channels: number,
    attributes: Readonly<Record<string, AttributeSketch>> = {},
  ): string {
    const output = `${op.toLowerCase()}_${this.#nodes.length}`;
    this.#nodes.push({ op, inputs, outputs: [output], attributes, name: output });
    this.#channels.set(output, channels);
    return output;
  }

  /** A weight of evenly distributed numbers around `mean` with the given standard deviation. */
  weight(shape: readonly number[], deviation: number, mean = 0): string {
    const name = `weight_${Object.keys(this.#initializers).length}`;
    const data = new Float32Array(elementCount(shape));
    const scale = (deviation * Math.sqrt(3)) / 2 ** 31;
    let state = this.#state;
    for (let index = 0; index < data.length; index++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      data[index] = mean + scale * state;
    }
    this.#state = state;
    this.#initializers[name] = { dtype: 'f32', shape, data };
    return name;
  }

  integers(values: readonly number[]): string {
    const name = `integers_${Object.keys(this.#initializers).length}`;
    this.#initializers[name] = tensorOf('i64', [values.length], values);
    return name;
  }

  /** @param gain 1 where another branch is added to the result, 2 where a ReLU halves its power */
  conv(x: string, channels: number, shape: ConvShape, gain = 2): string {
    const { kernel, stride = 1, pad = 0, group = 1, bias = true } = shape;
    const fanIn = (this.channels(x) / group) * kernel * kernel;
    const w = this.weight([channels, this.channels(x) / group, kernel, kernel], Math.sqrt(gain / fanIn));
    return this.add('Conv', bias ? [x, w, this.weight([channels], 0.01)] : [x, w], channels, {
      group,
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    });
  }

  relu(x: string): string {
    return this.add('Relu', [x], this.channels(x));
  }

  gemm(x: string, features: number): string {
    const w = this.weight([features, this.channels(x)], Math.sqrt(2 / this.channels(x)));
    return this.add('Gemm', [x, w, this.weight([features], 0.01)], features, { transB: 1 });
  }

  finish(output: string, opset = 13): Uint8Array {
    return writeOnnx({
      inputs: [{ name: 'data', dims: ['batch', 3, 224, 224] }],
      outputs: [{ name: output, dims: ['batch', 1000] }],
      nodes: this.#nodes,
      initializers: this.#initializers,
      opset,
    });
  }
}

type Block = (sketch: NetworkSketch, x: string, width: number, stride: number) => string;

function resnet(counts: readonly number[], block: Block): Uint8Array {
  const sketch = new NetworkSketch();
  let x = sketch.relu(sketch.conv('data', 64, { kernel: 7, stride: 2, pad: 3 }));
  x = sketch.add('MaxPool', [x], 64, { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  counts.forEach((count, stage) => {
    for (let index = 0; index < count; index++) x = block(sketch, x, 64 * 2 ** stage, stage > 0 && index === 0 ? 2 : 1);
  });
  return sketch.finish(classifier(sketch, x));
}

function basicBlock(sketch: NetworkSketch, x: string, width: number, stride: number): string {
  const y = sketch.relu(sketch.conv(x, width, { kernel: 3, stride, pad: 1 }));
  return residual(sketch, x, sketch.conv(y, width, { kernel: 3, pad: 1 }, residualGain), stride);
}

/** With the stride in the 3x3 convolution, as torchvision has it. */
function bottleneck(sketch: NetworkSketch, x: string, width: number, stride: number): string {
  const narrow = sketch.relu(sketch.conv(x, width, { kernel: 1 }));
  const y = sketch.relu(sketch.conv(narrow, width, { kernel: 3, stride, pad: 1 }));
  return residual(sketch, x, sketch.conv(y, 4 * width, { kernel: 1 }, residualGain), stride);
}

/** Small, so that sixteen additions in a row do not blow up. */
const residualGain = 0.2;

function residual(sketch: NetworkSketch, x: string, y: string, stride: number): string {
  const channels = sketch.channels(y);
  const same = stride === 1 && sketch.channels(x) === channels;
  const shortcut = same ? x : sketch.conv(x, channels, { kernel: 1, stride }, 1);
  return sketch.relu(sketch.add('Add', [y, shortcut], channels));
}

function convBatchNorm(sketch: NetworkSketch, x: string, channels: number, shape: ConvShape): string {
  const y = sketch.conv(x, channels, { ...shape, bias: false });
  const parameters = [
    sketch.weight([channels], 0.1, 1),
    sketch.weight([channels], 0.1),
    sketch.weight([channels], 0.1),
    sketch.weight([channels], 0.05, 1),
  ];
  return sketch.relu(sketch.add('BatchNormalization', [y, ...parameters], channels, { epsilon: 1e-5 }));
}

function classifier(sketch: NetworkSketch, x: string): string {
  const pooled = sketch.add('GlobalAveragePool', [x], sketch.channels(x));
  return sketch.gemm(sketch.add('Flatten', [pooled], sketch.channels(x)), 1000);
}
