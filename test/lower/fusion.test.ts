// Operators that other ones join: their programs compute what the nodes did one after the other.

import { type Shape, tensorOf } from '../../runtime/core/tensor.js';
import { GraphBuilder } from '../../runtime/graph/builder.js';
import type { Attributes } from '../../runtime/graph/graph.js';
import { fuse } from '../../runtime/graph/passes/fuse.js';
import { distanceFromReference, layoutChoices, withLayouts } from './harness.js';

const shape: Shape = [1, 6, 5, 4];
const window = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] };

const hosts: { op: string; attributes: Attributes; parameters: readonly Shape[] }[] = [
  { op: 'conv', attributes: { ...window, group: 1 }, parameters: [[6, 6, 3, 3], [6]] },
  { op: 'conv', attributes: { ...window, group: 6 }, parameters: [[6, 1, 3, 3], [6]] },
  { op: 'conv-transpose', attributes: { ...window, group: 2, outputPads: [0, 0] }, parameters: [[6, 3, 3, 3], [6]] },
  { op: 'average-pool', attributes: { ...window, kernel: [3, 3], ceilMode: false, countIncludePad: false }, parameters: [] },
  { op: 'instance-norm', attributes: { epsilon: 1e-3 }, parameters: [[6], [6]] },
  { op: 'group-norm', attributes: { groups: 2, epsilon: 1e-3 }, parameters: [[6], [6]] },
  { op: 'layer-norm', attributes: { axis: 3, epsilon: 1e-3 }, parameters: [[4], [4]] },
  { op: 'softmax', attributes: { axis: 1 }, parameters: [] },
  { op: 'log-softmax', attributes: { axis: 3 }, parameters: [] },
  { op: 'lrn', attributes: { size: 3, alpha: 0.1, beta: 0.75, bias: 1 }, parameters: [] },
];

function tensor(of: Shape, step: number) {
  const count = of.reduce((product, extent) => product * extent, 1);
  return tensorOf(
    'f32',
    of,
    Array.from({ length: count }, (_, i) => Math.sin(step * (i + 1))),
  );
}

describe.each(layoutChoices)('with layouts of %s', (choice) => {
  test.each(hosts)('$op $attributes takes in a residual, activations and a scale', ({ op, attributes, parameters }) => {
    const builder = new GraphBuilder();
    const x = builder.addInput('x', { dtype: 'f32', shape });
    const constants = parameters.map((of, i) => builder.addConstant(`p${i}`, tensor(of, 0.37 + i)));
    const scale = builder.addConstant('scale', tensor([6, 1, 1], 1.1));
    const sum = builder.addOne('add', [builder.addOne(op, [x, ...constants], attributes), x]);
    const active = builder.addOne('mish', [builder.addOne('leaky-relu', [sum], { alpha: 0.1 })]);
    builder.output('y', builder.addOne('mul', [active, scale]));
    const graph = fuse(builder.build());
    expect(graph.nodes.map((node) => node.body?.length)).toEqual([5]);
    const feeds = new Map([['x', tensor(shape, 0.73)]]);
    expect(distanceFromReference(withLayouts(graph, choice), feeds)).toBeLessThan(1e-4);
  });
});
