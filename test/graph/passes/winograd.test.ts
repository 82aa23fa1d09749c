// Convolutions stated by Winograd compute what they did, and only those that can be are.

import fc from 'fast-check';
import { tensorOf } from '../../../runtime/core/tensor.js';
import { GraphBuilder } from '../../../runtime/graph/builder.js';
import type { Attributes, Graph } from '../../../runtime/graph/graph.js';
import { useWinograd, type WinogradChoice } from '../../../runtime/graph/passes/winograd.js';
import { verify } from '../../../runtime/graph/verify.js';
import { expectSame } from './equivalence.js';

interface Convolution {
  readonly channels: number;
  readonly outputs: number;
  readonly height: number;
  readonly width: number;
  readonly pads: readonly number[];
  readonly hasBias: boolean;
}

const plain: Convolution = { channels: 3, outputs: 4, height: 6, width: 7, pads: [1, 1, 1, 1], hasBias: true };

function graphOf({ channels, outputs, height, width, pads, hasBias }: Convolution, more: Attributes = {}, kernel = 3): Graph {
  const builder = new GraphBuilder();
  const x = builder.addInput('x', { dtype: 'f32', shape: [1, channels, height, width] });
  const attributes = { group: 1, strides: [1, 1], pads, dilations: [1, 1], ...more };
  const shape = [outputs, channels / Number(attributes.group), kernel, kernel];
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => Math.cos(3 * i + 1));
  const w = builder.addConstant('w', tensorOf('f32', shape, numbers(shape.reduce((a, b) => a * b))));
  const b = hasBias ? [builder.addConstant('b', tensorOf('f32', [outputs], numbers(outputs)))] : [];
  builder.output('y', builder.addOne('conv', [x, w, ...b], attributes, 'y'));
  return verify(builder.build());
}

const always: WinogradChoice = () => 2;

// In between, f32 holds numbers far greater than the result, the more so the larger the tile.
test.each([
  [2, 1e-4],
  [4, 1e-3],
  [6, 1e-2],
] as const)('with tiles of %d a convolution becomes three operators that compute the same', (tile, tolerance) => {
  const extents = fc.integer({ min: 1, max: 9 });
  const some: fc.Arbitrary<Convolution> = fc.record({
    channels: fc.integer({ min: 1, max: 5 }),
    outputs: fc.integer({ min: 1, max: 5 }),
    height: extents.map((extent) => extent + 2),
    width: extents.map((extent) => extent + 2),
    pads: fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }),
    hasBias: fc.boolean(),
  });
  fc.assert(
    fc.property(some, (convolution) => {
      const graph = graphOf(convolution);
      const stated = verify(useWinograd(graph, () => tile));
      expect(stated.nodes.map(({ op }) => op)).toEqual(['winograd-input', 'winograd-multiply', 'winograd-output']);
      expectSame(graph, stated, tolerance);
    }),
    { numRuns: 60 },
  );
});

test('the choice is asked with the extents of the convolution, and may decline', () => {
  const asked: unknown[] = [];
  const graph = graphOf({ ...plain, pads: [0, 0, 0, 0] });
  const decline: WinogradChoice = (facts) => {
    asked.push(facts);
    return undefined;
  };
  expect(useWinograd(graph, decline)).toBe(graph);
  expect(asked).toEqual([{ channels: 3, outputs: 4, height: 4, width: 5 }]);
});

test('the direct filters go, unless something else reads them', () => {
  const stated = useWinograd(graphOf(plain), always);
  expect([...stated.constants.keys()]).toEqual(['b', 'y.filters']);
  const graph = graphOf(plain);
  const shown = useWinograd({ ...graph, outputs: [...graph.outputs, { name: 'w', value: 'w' }] }, always);
  expect([...shown.constants.keys()]).toEqual(['w', 'b', 'y.filters']);
});

test.each<[string, Graph]>([
  ['a stride', graphOf(plain, { strides: [2, 1] })],
  ['a dilation', graphOf(plain, { dilations: [1, 2] })],
  ['groups', graphOf({ ...plain, outputs: 3 }, { group: 3 })],
  ['another kernel', graphOf(plain, {}, 1)],
])('a convolution with %s stays', (_, graph) => {
  expect(useWinograd(graph, always)).toBe(graph);
});
