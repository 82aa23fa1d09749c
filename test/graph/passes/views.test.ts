// Which values lie inside of others, and which must not.

import { tensorOf } from '../../../runtime/core/tensor.js';
import { GraphBuilder } from '../../../runtime/graph/builder.js';
import { isInPlace, rootOf, stuckParts, viewsOf } from '../../../runtime/graph/passes/views.js';

/** The concatenation of two computed vectors, the first of `extent` elements. */
function joined(extent: number) {
  const builder = new GraphBuilder();
  const parts = [extent, 4].map((length, i) => {
    const input = builder.addInput(`x${i}`, { dtype: 'f32', shape: [1, length] });
    return builder.add('relu', [input], {})[0] as string;
  });
  const [whole = ''] = builder.add('concat', parts, { axis: 1 });
  builder.output(whole, whole);
  return { graph: builder.build(), parts };
}

test('the parts of a concatenation lie in it one after the other', () => {
  const { graph, parts } = joined(6);
  expect(parts.map((part) => viewsOf(graph).get(part)?.offset)).toEqual([0, 6]);
});

test('no part begins between two multiples of eight bytes', () => {
  const { graph } = joined(3);
  expect([...viewsOf(graph)]).toEqual([]);
  expect(stuckParts(graph, graph.nodes.at(-1) as (typeof graph.nodes)[number], new Map())).toEqual([]);
});

test('a split into parts of odd length makes copies', () => {
  const builder = new GraphBuilder();
  const input = builder.addInput('x', { dtype: 'f32', shape: [1, 6] });
  const whole = builder.add('relu', [input], {})[0] as string;
  for (const part of builder.add('split', [whole], { axis: 1, sizes: [3, 3] })) builder.output(part, part);
  expect([...viewsOf(builder.build())]).toEqual([]);
});

test('views of views begin where their roots say', () => {
  const builder = new GraphBuilder();
  const input = builder.addInput('x', { dtype: 'f32', shape: [1, 8] });
  const a = builder.addOne('relu', [input], {}, 'a');
  const [s = '', t = ''] = builder.add('split', [a], { axis: 1, sizes: [2, 6] }, ['s', 't']);
  const b = builder.addOne('exp', [t], {}, 'b');
  const joined = builder.addOne('concat', [b, s, t], { axis: 1 }, 'j');
  builder.output('y', builder.addOne('reshape', [joined], { shape: [2, 7] }, 'r'));
  const graph = builder.build();
  const views = viewsOf(graph);
  expect([...views]).toEqual([
    ['s', { of: 'a', offset: 0 }],
    ['t', { of: 'a', offset: 2 }],
    ['b', { of: 'j', offset: 0 }],
    ['a', { of: 'j', offset: 6 }],
    ['r', { of: 'j', offset: 0 }],
  ]);
  expect(['s', 't', 'b', 'r'].map((value) => rootOf(views, value))).toEqual(['j', 'j', 'j', 'j']);
  expect(graph.nodes.filter((node) => isInPlace(node, views)).map(({ op }) => op)).toEqual(['split', 'concat', 'reshape']);
});

test('neither inputs nor constants are parts of anything, and nothing is a part of them', () => {
  const builder = new GraphBuilder();
  const input = builder.addInput('x', { dtype: 'f32', shape: [1, 2] });
  const constant = builder.addConstant('c', tensorOf('f32', [1, 2], [1, 2]));
  builder.output('y', builder.addOne('concat', [input, constant], { axis: 1 }));
  builder.output('z', builder.addOne('reshape', [input], { shape: [2] }));
  expect([...viewsOf(builder.build())]).toEqual([]);
});

test('parts along an axis behind others are not one after the other', () => {
  const builder = new GraphBuilder();
  const parts = ['x', 'z'].map((name) => {
    return builder.addOne('relu', [builder.addInput(name, { dtype: 'f32', shape: [2, 4] })], {}, `${name}.r`);
  });
  builder.output('rows', builder.addOne('concat', parts, { axis: 0 }, 'rows'));
  expect([...viewsOf(builder.build()).keys()]).toEqual(['x.r', 'z.r']);
  builder.output('columns', builder.addOne('concat', parts, { axis: 1 }, 'columns'));
  expect([...viewsOf(builder.build()).values()].map(({ of }) => of)).toEqual(['rows', 'rows']);
});
