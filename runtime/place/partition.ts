// Which stretches of a model go to the NPU. A stretch of the topological order is always convex: no value leaves it and comes back.

import { dtypeBytes, elementCount } from '../core/tensor.js';
import type { Graph } from '../graph/graph.js';

/** Nodes first..end-1 of the graph. */
export interface Stretch {
  readonly first: number;
  readonly end: number;
}

export interface Choice {
  readonly stretches: readonly Stretch[];
  /** Nanoseconds, as added up; the whole model is measured before it is believed. */
  readonly nanoseconds: number;
}

export interface Costs {
  /** Nanoseconds of each node on the CPU. */
  readonly cpu: readonly number[];
  /** Nanoseconds of a stretch on the NPU, with packing and copies; undefined where it cannot run there. */
  readonly npu: (stretch: Stretch) => number | undefined;
  /** Nanoseconds of handing so many bytes to the NPU and as many back. */
  readonly crossing: (bytes: number) => number;
}

/** Narrow places inside of a stretch at which it may be cut as well. */
const cutsMax = 3;

/**
 * Stretches that are worth a measurement: the longest runs of supported nodes, and their parts between narrow places.
 * @param supported by node
 * @param multiplyAdds by node; a stretch without any is not worth the way
 */
export function candidatesOf(graph: Graph, supported: readonly boolean[], multiplyAdds: readonly number[]): readonly Stretch[] {
  const runs: Stretch[] = [];
  for (let first = 0; first < supported.length; first++) {
    if (!supported[first] || (first > 0 && supported[first - 1])) continue;
    let end = first;
    while (supported[end]) end++;
    runs.push({ first, end });
  }
  const isHeavy = ({ first, end }: Stretch) => multiplyAdds.slice(first, end).some((count) => count > 0);
  return runs.filter(isHeavy).flatMap((run) => partsOf(graph, run).filter(isHeavy));
}

/** A run and its parts between its ends and its narrowest places, the longest first. */
function partsOf(graph: Graph, { first, end }: Stretch): Stretch[] {
  const inside = Array.from({ length: Math.max(0, end - first - 1) }, (_, i) => first + 1 + i);
  const narrow = inside
    .map((at) => ({ at, bytes: liveBytes(graph, at) }))
    .sort((a, b) => a.bytes - b.bytes || a.at - b.at)
    .slice(0, cutsMax)
    .map(({ at }) => at)
    .sort((a, b) => a - b);
  const ends = [first, ...narrow, end];
  const parts = ends.flatMap((from, i) => ends.slice(i + 1).map((to) => ({ first: from, end: to })));
  return parts.sort((a, b) => b.end - b.first - (a.end - a.first));
}

/** Bytes of the values that are written before node `at` and read from there on. */
export function liveBytes(graph: Graph, at: number): number {
  const written = new Set(graph.nodes.slice(0, at).flatMap(({ outputs }) => outputs));
  for (const input of graph.inputs) written.add(input);
  const read = new Set(graph.nodes.slice(at).flatMap(({ inputs }) => inputs));
  for (const { value } of graph.outputs) read.add(value);
  return [...read].filter((value) => written.has(value)).reduce((sum, value) => sum + bytesOf(graph, value), 0);
}

function bytesOf(graph: Graph, value: string): number {
  const type = graph.types.get(value);
  return type === undefined ? 0 : elementCount(type.shape) * dtypeBytes(type.dtype);
}

/** The values that a stretch reads from outside, and those of its own that are read outside. */
export function edgesOf(graph: Graph, { first, end }: Stretch): { inputs: readonly string[]; outputs: readonly string[] } {
  const inside = graph.nodes.slice(first, end);
  const own = new Set(inside.flatMap(({ outputs }) => outputs));
  const read = inside.flatMap(({ inputs }) => inputs).filter((name) => name !== '' && !own.has(name));
  const outside = [...graph.nodes.slice(0, first), ...graph.nodes.slice(end)].flatMap(({ inputs }) => inputs);
  const wanted = new Set([...outside, ...graph.outputs.map(({ value }) => value)]);
  return {
    inputs: [...new Set(read)].filter((name) => !graph.constants.has(name)),
    outputs: [...own].filter((name) => wanted.has(name)),
  };
}

/**
 * The cheapest choice of stretches that do not overlap: best[end][used] over all that end there, a node at a time on the CPU or a
 * stretch at a time on the NPU.
 * @param regionsMax stretches at most
 */
export function choose(graph: Graph, candidates: readonly Stretch[], costs: Costs, regionsMax: number): Choice {
  const count = graph.nodes.length;
  const nothing: Choice = { stretches: [], nanoseconds: 0 };
  const best: (Choice | undefined)[][] = Array.from({ length: count + 1 }, () => []);
  best[0] = [nothing];
  const offer = (end: number, choice: Choice): void => {
    const row = best[end] as (Choice | undefined)[];
    const used = choice.stretches.length;
    if (choice.nanoseconds < (row[used]?.nanoseconds ?? Number.POSITIVE_INFINITY)) row[used] = choice;
  };
  for (let at = 0; at < count; at++) {
    for (const choice of best[at] ?? []) {
      if (choice === undefined) continue;
      offer(at + 1, { ...choice, nanoseconds: choice.nanoseconds + (costs.cpu[at] ?? 0) });
      if (choice.stretches.length === regionsMax) continue;
      for (const stretch of candidates.filter(({ first }) => first === at)) {
        const npu = costs.npu(stretch);
        if (npu === undefined) continue;
        const bytes = liveBytes(graph, stretch.first) + liveBytes(graph, stretch.end);
        const nanoseconds = choice.nanoseconds + npu + costs.crossing(bytes);
        offer(stretch.end, { stretches: [...choice.stretches, stretch], nanoseconds });
      }
    }
  }
  const ends = (best[count] ?? []).filter((choice) => choice !== undefined);
  return ends.reduce((a, b) => (b.nanoseconds < a.nanoseconds ? b : a), ends[0] ?? nothing);
}
