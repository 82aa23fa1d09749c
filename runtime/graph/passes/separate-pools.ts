// The maximum of a large window is that of its columns' maxima: two short windows one after the other instead of one with their product.
// The 13x13 of a spatial pyramid looks at 26 elements instead of 169. Exact, as maxima do not round.

import { integersAttribute } from '../attributes.js';
import type { Attributes, Graph } from '../graph.js';
import { poolSlidesOf } from '../window.js';
import { rewrite } from './rewrite.js';

/** What the plane between the two costs, in elements of a window. */
const planeCost = 4;

export function separatePools(graph: Graph): Graph {
  return rewrite(graph, ({ op, inputs, outputs, attributes }, view) => {
    if (op !== 'max-pool') return undefined;
    const [down, across] = poolSlidesOf(op, attributes);
    if (down.kernel * across.kernel <= down.kernel + across.kernel + planeCost) return undefined;
    // The axis that its stride shortens most comes first.
    const [first, second] = down.stride > across.stride ? ([0, 1] as const) : ([1, 0] as const);
    const between = view.add(op, inputs, alongAxis(attributes, first), `${outputs[0]}/lines`);
    return { op, inputs: [between], attributes: alongAxis(attributes, second) };
  });
}

/** The same window along one axis, of one element along the other. */
function alongAxis(attributes: Attributes, axis: 0 | 1): Attributes {
  const keep = (name: string, count: number, otherwise: number): number[] =>
    integersAttribute(attributes, name, { count, min: 0 }).map((value, i) => (i % 2 === axis ? value : otherwise));
  return {
    ...attributes,
    kernel: keep('kernel', 2, 1),
    strides: keep('strides', 2, 1),
    pads: keep('pads', 4, 0),
    dilations: keep('dilations', 2, 1),
  };
}
