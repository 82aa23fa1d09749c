// Small graphs for the tests of modules, and a folder for what is compiled from them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elementCount, type Shape, type Tensor, tensorOf } from '../../runtime/core/tensor.js';
import { GraphBuilder } from '../../runtime/graph/builder.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { type CompileReport, type CompileRequest, compile, type Preparation } from '../../runtime/module/compile.js';
import type { ImageInput } from '../../runtime/module/manifest.js';

/** Numbers of -1..1 that look random. */
export function numbers(shape: Shape, seed = 1): Tensor {
  const values = Array.from({ length: elementCount(shape) }, (_, i) => Math.sin((i + 1) * 12.9898 * seed));
  return tensorOf('f32', shape, values);
}

/** Three convolutions with a residual add and a classifier: f32[1,3,8,8] to f32[1,5]. */
export function smallNetwork(): Graph {
  const builder = new GraphBuilder();
  const convolve = (x: string, name: string, channels: number, from: number) => {
    const weights = builder.addConstant(`${name}.weight`, numbers([channels, from, 3, 3], channels + from));
    const bias = builder.addConstant(`${name}.bias`, numbers([channels], 2));
    const attributes = { group: 1, strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] };
    return builder.addOne('conv', [x, weights, bias], attributes, name);
  };
  const input = builder.addInput('image', { dtype: 'f32', shape: [1, 3, 8, 8] });
  const first = builder.addOne('relu', [convolve(input, 'stem', 16, 3)], {}, 'stem.relu');
  const second = builder.addOne('relu', [convolve(first, 'body', 16, 16)], {}, 'body.relu');
  const sum = builder.addOne('add', [convolve(second, 'tail', 16, 16), first], {}, 'sum');
  const pooled = builder.addOne('reduce-mean', [sum], { axes: [2, 3], keepDims: false }, 'pooled');
  const weights = builder.addConstant('classes.weight', numbers([16, 5], 3));
  builder.output('scores', builder.addOne('matmul', [pooled, weights], {}, 'classes'));
  return builder.build();
}

/** A graph of one node over `x`. */
export function oneNode(op: string, input: Tensor, attributes: Record<string, number | readonly number[]> = {}): Graph {
  const builder = new GraphBuilder();
  builder.addInput('x', { dtype: input.dtype, shape: input.shape });
  builder.output('y', builder.addOne(op, ['x'], attributes));
  return builder.build();
}

export const smallImage: ImageInput = {
  input: 'image',
  width: 8,
  height: 8,
  colors: 'bgr',
  mean: [100, 110, 120],
  std: [50, 60, 70],
  channelsLast: false,
  fit: 'stretch',
  anchor: 'center',
  fill: 114,
  cropShare: 1,
};

/** A folder that is deleted after the tests of the file. */
export function makeScratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'onbox-module-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function compileGraph(
  outFolder: string,
  graph: Graph,
  change: Partial<CompileRequest> = {},
  prepare?: Preparation,
): Promise<CompileReport> {
  const request = {
    name: 'small',
    graph,
    modelDigest: '0'.repeat(64),
    spec: { task: 'other', labels: [] },
    outFolder,
  } as const;
  return await compile({ ...request, ...change }, prepare);
}
