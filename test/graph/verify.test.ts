// verify says no to every graph that does not hold together, and names the node.

import { tensorOf } from '../../runtime/core/tensor.js';
import type { Graph } from '../../runtime/graph/graph.js';
import { parse } from '../../runtime/graph/parse.js';
import { verify } from '../../runtime/graph/verify.js';

const good = `
input x: f32[2,3]
constant c: f32[3] = [1, 2, 3]
s: f32[2,3] = add(x, c)
y: f32[2,3] = fused(s)
  t: f32[2,3] = exp(s)
  y: f32[2,3] = relu(t)
output "out" = y
`;

test('a graph that holds together is given back as it is', () => {
  const graph = parse(good);
  expect(verify(graph)).toBe(graph);
});

test.each([
  ['a value is defined twice', 'output', 's: f32[2,3] = relu(x)\noutput', /"s" is defined twice.*node 2 \(relu -> "s"\)/],
  [
    'a value is read before its definition',
    'add(x, c)',
    'add(y, c)',
    /node 0 \(add -> "s"\) reads "y", which is not defined before it/,
  ],
  ['a node reads itself', 'add(x, c)', 'add(s, c)', /reads "s", which is not defined before it/],
  [
    'a type is not what the rule gives',
    's: f32[2,3]',
    's: f32[3,2]',
    /node 0 \(add -> "s"\): "s" is f32\[2,3\], its type says f32\[3,2\]/,
  ],
  [
    'inputs do not fit together',
    'x: f32[2,3]',
    'x: f32[2,5]',
    /node 0 \(add -> "s"\): add: shapes \[2,5\] and \[3\] do not broadcast/,
  ],
  ['an operator does not exist', 'add(x, c)', 'addd(x, c)', /no operator is called "addd"/],
  ['an output does not exist', '= y\n', '= z\n', /output "out" is the value "z", which nothing defines/],
  ['an output is an inner value of a body', '= y\n', '= t\n', /output "out" is the value "t"/],
  ['two outputs have one name', 'output "out" = y', 'output "out" = y\noutput "out" = s', /two outputs are called "out"/],
  ['a body reads what its node does not', 'relu(t)', 'add(t, x)', /node 1 \(fused -> "y"\), node 1 \(add -> "y"\) reads "x"/],
  ['a body does not define the output', '  y: f32[2,3] = relu(t)\n', '', /its body does not define its output "y"/],
  ['a node has an output too many', 's: f32[2,3] =', 's: f32[2,3], s2: f32[2,3] =', /has 2 outputs, its rule gives 1/],
])('a graph is refused in which %s', (_, from, to, message) => {
  expect(() => verify(parse(good.replace(from, to)))).toThrow(message);
});

test('a value without a definition or a type is refused', () => {
  const graph = parse(good);
  const types = new Map(graph.types).set('ghost', { dtype: 'f32', shape: [1] });
  expect(() => verify({ ...graph, types })).toThrow(/nothing defines "ghost"/);
  const without: Graph = { ...graph, types: new Map([...graph.types].filter(([name]) => name !== 's')) };
  expect(() => verify(without)).toThrow(/"s" has no type/);
});

test('a constant with too few elements is refused', () => {
  const graph = parse(good);
  const constants = new Map([['c', { ...tensorOf('f32', [2], [1, 2]), shape: [3] }]]);
  expect(() => verify({ ...graph, constants })).toThrow(/constant "c" of type f32\[3\] has 2 elements/);
});
