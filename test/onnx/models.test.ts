// Every float32 model of the shared data imports, verifies before and after each pass, and keeps its outputs' types.

import { readdirSync, readFileSync } from 'node:fs';
import { printType, type Shape } from '../../runtime/core/tensor.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { optimize, passes } from '../../runtime/graph/passes/index.js';
import { verify } from '../../runtime/graph/verify.js';
import { importModel } from '../../runtime/onnx/import.js';
import { readModel } from '../../runtime/onnx/read.js';
import { sharedData } from '../support/data.js';

const models = sharedData('models');

function importFile(name: string, inputs: Record<string, Shape> = {}): Graph {
  return importModel(readModel(readFileSync(sharedData('models', name) as string)), { inputs });
}

function histogram(graph: Graph): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { op } of graph.nodes) counts[op] = (counts[op] ?? 0) + 1;
  return counts;
}

const outputTypes = (graph: Graph) =>
  graph.outputs.map(({ name, value }) => `${name}: ${printType(graph.types.get(value) as never)}`);

/** What is left of each model after the passes. */
const expected: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'mnist.onnx': { conv: 2, relu: 2, 'max-pool': 2, reshape: 1, matmul: 1, add: 1 },
  'mobilenetv2_fp32deq.onnx': { conv: 52, clip: 35, add: 11, 'reduce-mean': 1, reshape: 1, matmul: 1 },
  'squeezenet1.0.onnx': { conv: 26, relu: 26, 'max-pool': 3, concat: 8, 'reduce-mean': 1, reshape: 1, softmax: 1 },
  'resnet20_cifar10.onnx': { conv: 19, relu: 19, add: 9, slice: 2, pad: 2, 'average-pool': 1, reshape: 1, gemm: 1 },
  'yolov8n_640_fp32deq.onnx': {
    ...{ conv: 64, silu: 57, split: 8, add: 8, concat: 17, 'max-pool': 6, resize: 2, reshape: 8, sigmoid: 1 },
    ...{ transpose: 1, softmax: 1, slice: 2, sub: 2, div: 1, mul: 1 },
  },
  'yunet_n_320.onnx': { conv: 59, relu: 18, 'max-pool': 4, resize: 2, add: 2, reshape: 12, sigmoid: 6, transpose: 6 },
  'light/light_resnet50.onnx': {
    conv: 53,
    relu: 49,
    'max-pool': 1,
    add: 16,
    'average-pool': 1,
    reshape: 1,
    gemm: 1,
    softmax: 1,
  },
  'light/light_densenet121.onnx': {
    ...{ conv: 121, relu: 121, 'max-pool': 1, mul: 62, add: 62, concat: 58, 'average-pool': 3, 'reduce-mean': 1 },
  },
};

if (models === undefined) {
  test.skip('shared data is missing: skipped', () => undefined);
} else {
  const light = readdirSync(sharedData('models', 'light') as string).map((name) => `light/${name}`);
  const top = readdirSync(models).filter((name) => name.endsWith('.onnx') && !/int8|nms|dynamic/.test(name));

  test.each([...top, ...light])('%s imports, and every pass leaves a graph that verifies', (name) => {
    const graph = verify(importFile(name));
    const optimized = optimize(graph);
    expect(outputTypes(optimized)).toEqual(outputTypes(graph));
    for (const pass of passes) expect(pass.run(optimized)).toBe(optimized);
    expect(histogram(optimized)).not.toHaveProperty('batch-norm');
    if (expected[name]) expect(histogram(optimized)).toEqual(expected[name]);
  });

  test('yolov5n with open height and width imports at 384x640 as the same operators as the fixed export', () => {
    const dynamic = optimize(importFile('yolov5n_dynamic.onnx', { images: [1, 3, 384, 640] }));
    expect(histogram(dynamic)).toEqual(histogram(optimize(importFile('yolov5n_640.onnx'))));
    expect(outputTypes(dynamic)[0]).toBe('output0: f32[1,15120,85]');
    expect(() => importFile('yolov5n_dynamic.onnx')).toThrow('dimension "height" (axis 2) of input "images" is open');
  });

  test('a detector with its suppression imports whole, with as many rows as are left', () => {
    const { outputs, open } = importFile('yolov5n_640_nms.onnx');
    expect(open?.get(outputs[0]?.name ?? '')?.axis).toBe(0);
  });

  test('every convolution of a quantised model sums whole numbers', () => {
    const { nodes } = importFile('mobilenetv2_qdq_int8.onnx');
    const convolutions = nodes.filter(({ op }) => op === 'conv');
    expect(convolutions).toHaveLength(52);
    expect(convolutions.filter(({ attributes }) => attributes['whole'] !== true)).toEqual([]);
  });
}
