// The networks of the benchmark are what their names say, and their activations stay in range.

import { elementCount, type Tensor } from '../../runtime/core/tensor.js';
import { optimize } from '../../runtime/graph/passes/index.js';
import { importModel } from '../../runtime/onnx/import.js';
import { readModel } from '../../runtime/onnx/read.js';
import { mobilenetV1, resnet18, resnet50 } from '../support/networks.js';

/** Convolutions and parameters as published; batch norms count two a channel of those that training learns, and two more here. */
test.each([
  ['ResNet-18', resnet18, 20, 11.68],
  ['ResNet-50', resnet50, 53, 25.53],
  ['MobileNet V1', mobilenetV1, 27, 4.25],
] as const)('%s has its convolutions and millions of parameters', (_, build, convolutions, millions) => {
  const model = readModel(build());
  const parameters = [...model.initializers.values()].reduce(
    (sum: number, tensor: Tensor) => sum + elementCount(tensor.shape),
    0,
  );
  expect(parameters / 1e6).toBeCloseTo(millions, 1);
  const graph = optimize(importModel(model));
  expect(graph.nodes.filter((node) => node.op === 'conv')).toHaveLength(convolutions);
  expect(graph.nodes.some((node) => ['batch-norm', 'mul'].includes(node.op))).toBe(false);
  expect(graph.types.get(graph.outputs[0]?.value ?? '')?.shape).toEqual([1, 1000]);
});
