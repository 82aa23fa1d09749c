// print and parse: the text is stable and holds all of a graph, whatever the names in it are.

import * as fc from 'fast-check';
import { type Dtype, type Tensor, type TensorType, tensorOf } from '../../runtime/core/tensor.js';
import { GraphBuilder } from '../../runtime/graph/builder.js';
import type { Attribute, Graph, Layout, Node } from '../../runtime/graph/graph.js';
import { parse } from '../../runtime/graph/parse.js';
import { externalConstants, print } from '../../runtime/graph/print.js';

function sampleGraph(): Graph {
  const builder = new GraphBuilder();
  builder.addInput('x', { dtype: 'f32', shape: [1, 2, 2, 2] });
  builder.addConstant('bias', tensorOf('f32', [2, 1, 1], [0.1, -2]));
  builder.add('split', ['x'], { axis: 1, sizes: [1, 1] }, ['left', 'right half']);
  builder.addOne('add', ['x', 'bias'], {}, 'sum');
  builder.addOne('clip', ['sum'], { min: Number.NEGATIVE_INFINITY, max: 6 }, 'y');
  builder.output('the "answer"', 'y');
  return { ...builder.build(), layouts: new Map([['sum', { block: 8, border: [1, 1, 0, 2] }]]) };
}

test('a graph is printed line by line, with types, attributes and layouts', () => {
  expect(print(sampleGraph())).toBe(
    [
      'input x: f32[1,2,2,2]',
      'constant bias: f32[2,1,1] = [0.1, -2]',
      'left: f32[1,1,2,2], "right half": f32[1,1,2,2] = split(x) {axis: 1, sizes: [1, 1]}',
      'sum: f32[1,2,2,2] block 8 border [1, 1, 0, 2] = add(x, bias)',
      'y: f32[1,2,2,2] = clip(sum) {min: -Infinity, max: 6}',
      'output "the \\"answer\\"" = y',
      '',
    ].join('\n'),
  );
  expect(parse(print(sampleGraph()))).toEqual(sampleGraph());
});

const dtypes = ['f32', 'f64', 'f16', 'i8', 'u8', 'i16', 'u16', 'i32', 'u32', 'i64', 'u64', 'bool'] as const;
const names = fc.oneof(
  fc.string({ minLength: 1, unit: 'binary' }),
  fc.constantFrom(
    'input',
    'output',
    'constant',
    'block',
    'border',
    '_',
    'true',
    'NaN',
    '12',
    '/a.b/c',
    '"',
    '\\',
    '\n',
    '\u2028',
    '\ud800',
  ),
);
const types: fc.Arbitrary<TensorType> = fc.record({
  dtype: fc.constantFrom<Dtype>(...dtypes),
  shape: fc.array(fc.nat(4), { maxLength: 4 }),
});
const attributes: fc.Arbitrary<Attribute> = fc.oneof(
  fc.double(),
  fc.string({ unit: 'binary' }),
  fc.boolean(),
  fc.array(fc.double({ noNaN: true })),
  fc.array(names),
);

function tensorOfType(type: TensorType, seed: number): Tensor {
  const count = type.shape.reduce((product, extent) => product * extent, 1);
  // Below 2^7, so that every dtype holds them; f16 data are bits, of which none here are NaN.
  const values = Array.from({ length: count }, (_, i) => (seed * (i + 1)) % (type.dtype === 'bool' ? 2 : 127));
  const isFraction = type.dtype === 'f32' || type.dtype === 'f64';
  return tensorOf(type.dtype, type.shape, isFraction ? values : values.map(Math.floor));
}

/** Any graph of the form, not only those that hold together. */
const graphs: fc.Arbitrary<Graph> = fc.uniqueArray(names, { minLength: 6, maxLength: 12 }).chain((unique) => {
  const anyName = fc.constantFrom(...unique);
  const inputs = fc.array(fc.oneof(anyName, fc.constant('')), { maxLength: 3 });
  const plain = (output: string): fc.Arbitrary<Node> =>
    fc.record({
      op: names,
      inputs,
      outputs: fc.constant([output]),
      attributes: fc.dictionary(names, attributes, { maxKeys: 4, noNullPrototype: true }),
    });
  const [a, b, c, d, ...rest] = unique as [string, string, string, string, ...string[]];
  return fc
    .record({
      types: fc.array(types, { minLength: unique.length, maxLength: unique.length }),
      first: plain(c),
      second: plain(d),
      body: fc.tuple(...rest.map(plain)),
      outputs: fc.array(fc.record({ name: names, value: anyName }), { maxLength: 3 }),
      layout: fc.record({ block: fc.nat(16), border: fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)) }),
      seed: fc.double({ min: 0.5, max: 99, noNaN: true }),
    })
    .map(({ types: drawn, first, second, body, outputs, layout, seed }): Graph => {
      const typeMap = new Map(unique.map((name, i) => [name, drawn[i] as TensorType]));
      return {
        inputs: [a],
        outputs,
        nodes: [first, { ...second, op: 'fused', body: [...body] }],
        types: typeMap,
        constants: new Map([[b, tensorOfType(typeMap.get(b) as TensorType, seed)]]),
        layouts: new Map<string, Layout>([[d, layout]]),
      };
    });
});

test('parse gives back everything that print was given, whatever names and attributes are', async () => {
  await fc.assert(
    fc.property(graphs, (graph) => {
      const text = print(graph);
      const again = parse(text, externalConstants(graph));
      expect(again).toEqual(graph);
      expect(print(again)).toBe(text);
    }),
    { numRuns: 300 },
  );
});

test('no name of a model can start a line of its own', () => {
  const builder = new GraphBuilder();
  builder.addInput('x\noutput y = z', { dtype: 'f32', shape: [1] });
  expect(print(builder.build()).split('\n')).toHaveLength(2);
});

test('a large constant is printed as a hash, and its bytes are asked for', () => {
  const builder = new GraphBuilder();
  builder.addConstant('c', tensorOf('f32', [20], new Array(20).fill(1)));
  const graph = builder.build();
  expect(print(graph)).toMatch(/^constant c: f32\[20\] = "[0-9a-f]{64}"\n$/);
  expect(() => parse(print(graph))).toThrow(/wants 80 bytes, none are there/);
  expect(parse(print(graph), externalConstants(graph))).toEqual(graph);
});

test.each([
  ['y: f32[1] = relu(x', /line 1 of the graph wants ,, got the end of the line/],
  ['input x: f99[1]', /line 1 of the graph has no dtype f99/],
  ['input x: f32[1]\n    y: f32[1] = relu(x)', /line 2 of the graph is indented too far/],
  ['constant c: f32[3] = [1, 2]', /wants 3 elements of the constant and has 2/],
  ['input x: f32[99999999999,99999999999]', /at most/],
  ['input "x: f32[1]', /line 1/],
  ['constant c: i64[1] = [1.5]', /line 1 of the graph wants a whole number/],
])('text that is damaged is refused: %s', (text, message) => {
  expect(() => parse(text)).toThrow(message);
});
