// The arena: where every value lies while a plan runs. Values that are never alive at the same time share memory.

import { dtypeBytes } from '../core/tensor.js';
import type { Graph } from '../graph/graph.js';
import { rootOf, storedCount, storedDtype, type View } from '../graph/passes/views.js';

/** Values that a launch reads and writes. */
export interface Access {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

export interface ArenaPlan {
  /** Byte offset of every value that a launch touches, but for graph inputs and constants. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly bytes: number;
}

interface Region {
  readonly value: string;
  readonly bytes: number;
  first: number;
  last: number;
}

/** Cache lines, and more than any vector. */
const alignment = 64;

/**
 * Places the values of a plan, the largest first, each at the lowest place that is free for as long as it lives.
 * @param launches in the order in which they run
 * @param keep nothing shares memory, so that every value can be looked at afterwards
 */
export function planArena(
  graph: Graph,
  launches: readonly Access[],
  views: ReadonlyMap<string, View>,
  keep = false,
): ArenaPlan {
  const regions = regionsOf(graph, launches, views, keep);
  const placed: { readonly region: Region; readonly offset: number }[] = [];
  for (const region of [...regions.values()].sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    const busy = placed
      .filter((other) => other.region.first <= region.last && region.first <= other.region.last)
      .sort((a, b) => a.offset - b.offset);
    let offset = 0;
    for (const other of busy) {
      if (offset + region.bytes <= other.offset) break;
      offset = Math.max(offset, other.offset + other.region.bytes);
    }
    placed.push({ region, offset });
  }
  const roots = new Map(placed.map(({ region, offset }) => [region.value, offset]));
  const offsets = new Map<string, number>();
  for (const value of new Set([...roots.keys(), ...views.keys()])) {
    const base = roots.get(rootOf(views, value));
    if (base !== undefined) offsets.set(value, base + offsetInRoot(graph, value, views));
  }
  return { offsets, bytes: placed.reduce((most, { region, offset }) => Math.max(most, offset + region.bytes), alignment) };
}

function regionsOf(
  graph: Graph,
  launches: readonly Access[],
  views: ReadonlyMap<string, View>,
  keep: boolean,
): Map<string, Region> {
  const fixed = new Set([...graph.inputs, ...graph.constants.keys()]);
  const regions = new Map<string, Region>();
  const touch = (name: string, at: number): void => {
    const value = rootOf(views, name);
    if (fixed.has(value)) return;
    const known = regions.get(value);
    if (known === undefined)
      regions.set(value, { value, bytes: bytesOf(graph, value), first: keep ? 0 : at, last: keep ? launches.length : at });
    else known.last = Math.max(known.last, at);
  };
  for (const [at, { reads, writes }] of launches.entries()) for (const name of [...reads, ...writes]) touch(name, at);
  for (const { value } of graph.outputs) touch(value, launches.length);
  return regions;
}

function bytesOf(graph: Graph, value: string): number {
  const bytes = storedCount(graph, value) * dtypeBytes(storedDtype(graph, value));
  return Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
}

function offsetInRoot(graph: Graph, value: string, views: ReadonlyMap<string, View>): number {
  let offset = 0;
  for (let view = views.get(value), at = value; view !== undefined; at = view.of, view = views.get(at)) {
    offset += view.offset * dtypeBytes(storedDtype(graph, at));
  }
  return offset;
}
