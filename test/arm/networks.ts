// Small graphs that take every road which a network takes through the compiler: each kind of kernel, on shapes whose ends do not fill
// a vector or a tile.

import { GraphBuilder } from '../../runtime/graph/builder.js';
import type { Attributes, Graph } from '../../runtime/graph/graph.js';
import { numbers } from '../module/networks.js';

/** Numbers small enough that sums of hundreds of products stay near 1. */
export class Sketch {
  readonly builder = new GraphBuilder();
  private seed = 1;

  conv(x: string, channels: number, kernel: number, change: { stride?: number; group?: number; pad?: number } = {}): string {
    const { stride = 1, group = 1, pad = kernel >> 1 } = change;
    const from = (this.builder.typeOf(x).shape[1] ?? 1) / group;
    const weight = numbers([channels, from, kernel, kernel], ++this.seed);
    const scale = Math.sqrt(3 / (from * kernel * kernel));
    const data = Float32Array.from(weight.data as Float32Array, (value) => value * scale);
    const w = this.builder.addConstant(`w${this.seed}`, { ...weight, data });
    const b = this.builder.addConstant(`b${this.seed}`, numbers([channels], this.seed));
    const pads = [pad, pad, pad, pad];
    return this.builder.addOne('conv', [x, w, b], { group, strides: [stride, stride], pads, dilations: [1, 1] });
  }

  one(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.builder.addOne(op, inputs, attributes);
  }
}

/** Every kind of kernel as an output of its own, from one input f32[1,8,13,11]. */
export function operators(): Graph {
  const sketch = new Sketch();
  const x = sketch.builder.addInput('x', { dtype: 'f32', shape: [1, 8, 13, 11] });
  const pool = { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1] };
  const resize = {
    coordinates: 'half_pixel',
    nearest: 'floor',
    scales: [1, 1, 2, 2],
    sizes: [1, 8, 26, 22],
    cubicA: -0.75,
    excludeOutside: false,
    extrapolation: 0,
    roi: [],
    antialias: false,
  };
  const flat = sketch.one('reshape', [sketch.one('reduce-mean', [x], { axes: [2, 3], keepDims: true })], { shape: [1, 8] });
  const dense = sketch.builder.addConstant('dense', numbers([8, 19], 5));
  const outputs: Readonly<Record<string, string>> = {
    'conv 3x3, relu': sketch.one('relu', [sketch.conv(x, 20, 3)]),
    'conv 3x3 by 2, silu': sketch.one('silu', [sketch.conv(x, 10, 3, { stride: 2 })]),
    'conv 1x1, hard-swish': sketch.one('hard-swish', [sketch.conv(x, 24, 1)]),
    'conv 5x5 in groups, leaky-relu': sketch.one('leaky-relu', [sketch.conv(x, 12, 5, { group: 2 })], { alpha: 0.1 }),
    'depthwise, relu6': sketch.one('clip', [sketch.conv(x, 8, 3, { group: 8 })], { min: 0, max: 6 }),
    'depthwise by 2, gelu': sketch.one('gelu', [sketch.conv(x, 8, 3, { group: 8, stride: 2 })], { approximate: 'none' }),
    'max-pool': sketch.one('max-pool', [x], { ...pool, ceilMode: false }),
    'average-pool': sketch.one('average-pool', [x], { ...pool, ceilMode: false, countIncludePad: false }),
    'softmax over channels': sketch.one('softmax', [x], { axis: 1 }),
    'softmax over columns': sketch.one('softmax', [x], { axis: 3 }),
    'resize nearest': sketch.one('resize', [x], { ...resize, mode: 'nearest' }),
    'resize linear': sketch.one('resize', [x], { ...resize, mode: 'linear' }),
    'tanh, mish': sketch.one('mish', [sketch.one('tanh', [x])]),
    'log, exp': sketch.one('log', [sketch.one('add', [sketch.one('exp', [x]), sketch.one('abs', [x])])]),
    'matmul, softmax': sketch.one('softmax', [sketch.one('matmul', [flat, dense])], { axis: 1 }),
    concat: sketch.one('concat', [sketch.conv(x, 5, 1), x, sketch.conv(x, 6, 1)], { axis: 1 }),
    transpose: sketch.one('transpose', [x], { permutation: [0, 2, 3, 1] }),
    'depth-to-space': sketch.one('depth-to-space', [x], { blocksize: 2, mode: 'CRD' }),
    'layer-norm': sketch.one('layer-norm', [x, sketch.builder.addConstant('scale', numbers([11], 7))], {
      axis: 3,
      epsilon: 1e-5,
    }),
  };
  for (const [name, value] of Object.entries(outputs)) sketch.builder.output(name, value);
  return sketch.builder.build();
}

/** Three stages of two residual blocks each, as ResNet-20 has them, on a smaller picture: f32[1,3,16,16] to f32[1,10]. */
export function residualNetwork(): Graph {
  const sketch = new Sketch();
  let x = sketch.builder.addInput('image', { dtype: 'f32', shape: [1, 3, 16, 16] });
  x = sketch.one('relu', [sketch.conv(x, 16, 3)]);
  for (const channels of [16, 32, 64]) {
    for (const block of [0, 1]) {
      const stride = block === 0 && channels > 16 ? 2 : 1;
      const inside = sketch.one('relu', [sketch.conv(x, channels, 3, { stride })]);
      const branch = sketch.conv(inside, channels, 3);
      const shortcut = stride === 1 ? x : sketch.conv(x, channels, 1, { stride });
      x = sketch.one('relu', [sketch.one('add', [branch, shortcut])]);
    }
  }
  const pooled = sketch.one('reduce-mean', [x], { axes: [2, 3], keepDims: false });
  const dense = sketch.builder.addConstant('dense', numbers([64, 10], 3));
  sketch.builder.output('classes', sketch.one('softmax', [sketch.one('matmul', [pooled, dense])], { axis: 1 }));
  return sketch.builder.build();
}

/** One 3x3 convolution that suits Winograd: f32[1,12,13,11] to f32[1,20,13,11]. */
export function winogradNetwork(): Graph {
  const sketch = new Sketch();
  const x = sketch.builder.addInput('x', { dtype: 'f32', shape: [1, 12, 13, 11] });
  sketch.builder.output('y', sketch.one('relu', [sketch.conv(x, 20, 3)]));
  return sketch.builder.build();
}
