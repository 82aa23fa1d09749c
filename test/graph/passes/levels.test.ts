// Which values become bytes, and that all sums stay the same numbers.

import { evaluate } from '../../../runtime/graph/evaluate.js';
import type { Graph } from '../../../runtime/graph/graph.js';
import { fuse } from '../../../runtime/graph/passes/fuse.js';
import { chooseLayouts } from '../../../runtime/graph/passes/layout.js';
import { storeLevels } from '../../../runtime/graph/passes/levels.js';
import { verify } from '../../../runtime/graph/verify.js';
import { makeSample } from '../../../runtime/module/sample.js';
import { expectUnchanged } from './equivalence.js';
import { quantisedNetwork } from './quantised.js';

const bytesOf = (graph: Graph): string[] =>
  graph.nodes.flatMap(({ op, outputs: [name = ''] }) => {
    const dtype = graph.types.get(name)?.dtype ?? '';
    return op === 'cast' && ['u8', 'i8'].includes(dtype) ? [dtype] : [];
  });

test.each(['u8', 'i8'] as const)('what convolutions read becomes %s, and every sum is the same number', (dtype) => {
  const plain = quantisedNetwork();
  const stored = verify(storeLevels(plain, dtype));
  expect(bytesOf(stored)).toEqual([dtype, dtype, dtype, dtype]);
  const inputs = plain.inputs.map((name) => ({ name, type: plain.types.get(name) }));
  const feeds = makeSample(
    inputs.map(({ name, type }) => ({ name, dtype: 'f32' as const, shape: type?.shape ?? [] })),
    undefined,
  ).tensors;
  const want = evaluate(plain, feeds);
  expect(new Set(Array.from(want.get('y')?.data ?? [], Number)).size).toBeGreaterThan(10);
  expect(evaluate(stored, feeds)).toEqual(want);
});

test('weights of convolutions and products are bytes, those of depthwise convolutions are not', () => {
  const { nodes, types } = storeLevels(quantisedNetwork(), 'u8');
  const weights = nodes.flatMap(({ op, inputs }) =>
    op === 'conv' || op === 'matmul' ? [types.get(inputs[1] ?? '')?.dtype] : [],
  );
  expect(weights).toEqual(['i8', 'f32', 'i8', 'i8', 'i8']);
});

test('a residual add reads bytes itself, and the border of levels holds their zero', () => {
  const graph = verify(chooseLayouts(fuse(storeLevels(quantisedNetwork(), 'u8')), 4));
  const stored = graph.nodes.flatMap(({ outputs }) => outputs.map((name) => graph.types.get(name)));
  expect(stored.filter((type) => type?.shape.length === 4).map((type) => type?.dtype)).toEqual([
    'f32',
    'u8',
    'u8',
    'u8',
    'u8',
    'f32',
  ]);
  const fills = [...graph.layouts.values()]
    .filter(({ border }) => border.some((width) => width > 0))
    .map(({ fill = 0 }) => fill);
  expect(fills.sort((a, b) => a - b)).toEqual([0, 100, 128]);
});

const reading = '{dilations: [1, 1], group: 1, pads: [0, 0, 0, 0], strides: [1, 1], whole: true}';
const weights = `[${Array.from({ length: 4 }, (_, i) => i)}]`;

test.each([
  ['further apart than a byte tells', '{max: 200, min: -100}', weights],
  ['away from zero', '{max: 200, min: 10}', weights],
  ['with weights that are no whole numbers, whose sums f32 rounds', '{max: 255, min: 0}', '[0.5, 1, 1e9, 2]'],
])('levels stay f32: %s', (_, range, values) => {
  expectUnchanged(
    (graph) => storeLevels(graph, 'u8'),
    `
    input x: f32[1,4,2,2]
    constant w: f32[1,4,1,1] = ${values}
    r: f32[1,4,2,2] = round(x)
    l: f32[1,4,2,2] = clip(r) ${range}
    y: f32[1,1,2,2] = conv(l, w) ${reading}
    output y = y
  `,
  );
});
