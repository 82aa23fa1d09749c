// The choice of stretches, on made-up costs: whatever is cheapest with its crossings, and never more regions than allowed.

import { GraphBuilder } from '../../runtime/graph/builder.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { verify } from '../../runtime/graph/verify.js';
import { candidatesOf, choose, edgesOf, liveBytes, type Stretch } from '../../runtime/place/partition.js';
import { layOutPieces } from '../../runtime/place/segments.js';
import { translate } from '../../runtime/place/translate.js';
import { numbers, smallNetwork } from '../module/networks.js';

/** A chain of `count` pointwise nodes n0, n1, …, over 16 floats. */
function chain(count: number): Graph {
  const builder = new GraphBuilder();
  let value = builder.addInput('x', { dtype: 'f32', shape: [16] });
  for (let i = 0; i < count; i++) value = builder.addOne('relu', [value], {}, `n${i}`);
  builder.output('y', value);
  return builder.build();
}

const all = (count: number) => Array.from({ length: count }, () => true);
const flat = (count: number, cost: number) => Array.from({ length: count }, () => cost);

describe('candidates', () => {
  test('are the runs of supported nodes that multiply something, and their parts', () => {
    const supported = [true, true, false, true, true];
    const stretches = candidatesOf(chain(5), supported, [0, 5, 0, 0, 0]);
    expect(stretches).toEqual([
      { first: 0, end: 2 },
      { first: 1, end: 2 },
    ]);
  });

  test('are none where nothing is supported', () => {
    expect(candidatesOf(chain(3), [false, false, false], [1, 1, 1])).toEqual([]);
  });
});

describe('the choice', () => {
  const graph = chain(4);
  const stretches = candidatesOf(graph, all(4), flat(4, 1));
  const perNode =
    (cost: number) =>
    ({ first, end }: Stretch) =>
      (end - first) * cost;

  test('is the NPU where it is faster than CPU and crossings together', () => {
    const costs = { cpu: flat(4, 100), npu: perNode(10), crossing: () => 50 };
    expect(choose(graph, stretches, costs, 4)).toEqual({ stretches: [{ first: 0, end: 4 }], nanoseconds: 90 });
  });

  test('is the CPU where crossings cost more than is gained', () => {
    const costs = { cpu: flat(4, 100), npu: perNode(10), crossing: () => 400 };
    expect(choose(graph, stretches, costs, 4)).toEqual({ stretches: [], nanoseconds: 400 });
  });

  test('is a mix where each is faster at its own', () => {
    const npu = ({ first, end }: Stretch) => (first < 2 && end > 1 ? 1000 : 10 * (end - first));
    const costs = { cpu: [500, 5, 500, 500], npu, crossing: () => 20 };
    const { stretches: chosen } = choose(graph, [...stretches, { first: 0, end: 1 }], costs, 4);
    expect(chosen).toContainEqual({ first: 2, end: 4 });
    expect(chosen.some(({ first, end }) => first <= 1 && end > 1)).toBe(false);
  });

  test('leaves out what does not run there', () => {
    const costs = { cpu: flat(4, 100), npu: () => undefined, crossing: () => 0 };
    expect(choose(graph, stretches, costs, 4).stretches).toEqual([]);
  });

  test.each([0, 1, 2, 3])('has at most %i regions', (regionsMax) => {
    const single = Array.from({ length: 4 }, (_, first) => ({ first, end: first + 1 }));
    const costs = { cpu: flat(4, 100), npu: () => 1, crossing: () => 1 };
    expect(choose(graph, single, costs, regionsMax).stretches).toHaveLength(regionsMax);
  });
});

test('what crosses is what is written before and read after', () => {
  const graph = smallNetwork();
  const floats = (count: number) => count * 4;
  // The sum reads the tail and the relu of the stem.
  const sum = graph.nodes.findIndex(({ outputs }) => outputs.includes('sum'));
  expect(liveBytes(graph, sum)).toBe(2 * floats(16 * 64));
  expect(edgesOf(graph, { first: sum - 1, end: sum + 1 })).toEqual({ inputs: ['body.relu', 'stem.relu'], outputs: ['sum'] });
});

test.each([
  [[{ first: 0, end: 3 }]],
  [[{ first: 2, end: 4 }]],
  [
    [
      { first: 0, end: 1 },
      { first: 1, end: 6 },
      { first: 7, end: 8 },
    ],
  ],
])('pieces joined compute what the whole does: %j', (stretches) => {
  const graph = smallNetwork();
  const { graph: joined, regions } = layOutPieces(graph, stretches, (piece) => verify(piece));
  const feeds = new Map([['image', numbers([1, 3, 8, 8], 3)]]);
  expect(evaluate(verify(joined), feeds)).toEqual(evaluate(graph, feeds));
  expect(regions).toHaveLength(stretches.length);
  for (const [i, { first, end }] of regions.entries()) {
    expect(end - first).toBe((stretches[i]?.end ?? 0) - (stretches[i]?.first ?? 0));
  }
});

test('a node without a translation has a reason', () => {
  const builder = new GraphBuilder();
  const x = builder.addInput('x', { dtype: 'f32', shape: [1, 4, 2, 2] });
  const whole = builder.addInput('whole', { dtype: 'i32', shape: [4] });
  const weights = builder.addInput('weights', { dtype: 'f32', shape: [4, 4, 1, 1] });
  const window = { group: 1, strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };
  builder.addOne('erf', [x]);
  builder.addOne('add', [whole, whole]);
  builder.addOne('conv', [x, weights], window);
  builder.addOne('concat', [x, x, x, x, x], { axis: 1 });
  builder.output('y', x);
  const graph = builder.build();
  expect(graph.nodes.map((node) => translate(graph, node))).toEqual([
    'no plugin knows erf',
    'values of i32',
    'weights that are computed',
    '5 operands, 4 at most',
  ]);
});
