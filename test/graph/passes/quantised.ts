// A network as quantised models state it after import: whole numbers in f32, at most 255 apart. Its weights reach both ends of a byte,
// its levels all of theirs, so that sums that saturate anywhere would show.

import { elementCount, type Shape, type Tensor, type TensorType } from '../../../runtime/core/tensor.js';
import { GraphBuilder } from '../../../runtime/graph/builder.js';
import type { Graph } from '../../../runtime/graph/graph.js';
import { numbersOf, tensorFrom } from '../../../runtime/graph/numbers.js';

const full: Readonly<Record<string, readonly [low: number, high: number]>> = { u8: [0, 255], i8: [-128, 127] };

/** Whole numbers all over the range of a byte; of floats and i32 that of i8. The ends come often. */
export function levelsIn({ dtype, shape }: TensorType, seed: number): Tensor {
  const [low, high] = full[dtype] ?? [-128, 127];
  let state = seed * 7919 + 1;
  const values = Float64Array.from({ length: elementCount(shape) }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    const pick = Math.floor(state / 65536);
    return pick % 4 === 0 ? low : pick % 4 === 1 ? high : low + (pick % (high - low + 1));
  });
  return tensorFrom({ dtype, shape }, values);
}

class QuantisedSketch {
  readonly builder = new GraphBuilder();
  #count = 0;

  constant(shape: Shape, scale = 1): string {
    const tensor = levelsIn({ dtype: 'f32', shape }, ++this.#count);
    return this.builder.addConstant(
      `k${this.#count}`,
      tensorFrom(
        tensor,
        numbersOf(tensor).map((value) => value * scale),
      ),
    );
  }

  /** Steps of `factor` from zero, rounded and cut off. */
  quantise(x: string, factor: number, [min, max]: readonly [number, number]): string {
    const scale = this.builder.addConstant(
      `f${++this.#count}`,
      tensorFrom({ dtype: 'f32', shape: [] }, Float64Array.of(factor)),
    );
    const rounded = this.builder.addOne('round', [this.builder.addOne('mul', [x, scale])]);
    return this.builder.addOne('clip', [rounded], { min, max });
  }

  conv(x: string, weights: Shape, { stride = 1, group = 1 } = {}): string {
    const pad = weights[2] === 1 ? 0 : 1;
    const attributes = { group, strides: [stride, stride], pads: [pad, pad, pad, pad], dilations: [1, 1], whole: true };
    const inputs = [x, this.constant(weights), this.constant([weights[0] ?? 1], 100)];
    return this.builder.addOne('round', [this.builder.addOne('conv', inputs, attributes)]);
  }
}

/** Windows of 3x3 and 1x1, depthwise, of stride 2, a residual add, ranges with the zero at either end and between, and a product. */
export function quantisedNetwork(): Graph {
  const sketch = new QuantisedSketch();
  const { builder } = sketch;
  const x = builder.addInput('x', { dtype: 'f32', shape: [1, 8, 9, 10] });
  const first = sketch.quantise(builder.addOne('sub', [x, sketch.constant([8, 1, 1], 1 / 256)]), 300, [-100, 155]);
  const wide = sketch.quantise(sketch.conv(first, [20, 8, 3, 3]), 1 / 1500, [0, 255]);
  const deep = sketch.quantise(sketch.conv(wide, [20, 1, 3, 3], { group: 20, stride: 2 }), 1 / 300, [-90, 165]);
  const flat = sketch.quantise(sketch.conv(deep, [20, 20, 1, 1]), 1 / 700, [-255, 0]);
  const sum = sketch.quantise(builder.addOne('add', [flat, deep]), 0.7, [-128, 127]);
  const last = sketch.quantise(sketch.conv(sum, [24, 20, 3, 3]), 1 / 2000, [-128, 127]);
  const row = builder.addOne('reshape', [last], { shape: [1, 24 * 5 * 5] });
  builder.output('y', builder.addOne('matmul', [row, sketch.constant([600, 19])]));
  return builder.build();
}
