// Outputs whose extent the data decides. Inside a graph such a value has room for the most there can be, and another output says how many
// count; outside, only those are seen.

import { allocate, type Tensor } from '../core/tensor.js';
import type { Graph } from './graph.js';
import { withExtent } from './rules.js';
import { splitAt } from './walk.js';

/** What a caller sees of the outputs: open extents cut to what counts, the counts themselves left out. */
export function closeOutputs(open: Graph['open'], outputs: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const counts = countsOf(open);
  const shown = [...outputs].filter(([name]) => !counts.has(name));
  return new Map(
    shown.map(([name, tensor]) => {
      const extent = open?.get(name);
      const count = extent && outputs.get(extent.count);
      return [name, count === undefined ? tensor : firstOf(tensor, extent?.axis ?? 0, Number(count.data[0]))];
    }),
  );
}

/** The outputs that are no counts. */
export function shownOutputs({ outputs, open }: Graph): Graph['outputs'] {
  const counts = countsOf(open);
  return outputs.filter(({ name }) => !counts.has(name));
}

function countsOf(open: Graph['open']): ReadonlySet<string> {
  return new Set([...(open?.values() ?? [])].map(({ count }) => count));
}

/** The first `count` elements along an axis, as many as there are. */
export function firstOf({ dtype, shape, data }: Tensor, axis: number, count: number): Tensor {
  const [outer, extent, inner] = splitAt(shape, axis);
  const kept = Math.min(Math.max(count, 0), extent);
  const result = allocate(dtype, outer * kept * inner);
  for (let row = 0; row < outer; row++) {
    const start = row * extent * inner;
    result.set(data.subarray(start, start + kept * inner) as never, row * kept * inner);
  }
  return { dtype, shape: withExtent(shape, axis, kept), data: result };
}
