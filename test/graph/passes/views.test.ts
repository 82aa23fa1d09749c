// Which values lie inside of others, and which must not.

import { GraphBuilder } from '../../../runtime/graph/builder.js';
import { stuckParts, viewsOf } from '../../../runtime/graph/passes/views.js';

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
