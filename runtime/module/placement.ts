// Which part of a model goes to an NPU, by measurement: what its plugin supports, how long each stretch takes there and on the CPU, and
// whether the whole model gains. Everything that is refused has a reason, which the report keeps.

import type { NpuFacts } from '../../addon/index.js';
import { OnboxError } from '../core/error.js';
import { askNpu } from '../device/native.js';
import { describeNpu, type FoundPlugin, listNpuPlugins, npuFingerprint } from '../device/npu.js';
import type { Graph } from '../graph/graph.js';
import { offload, type Precision } from '../place/offload.js';
import { candidatesOf, choose, type Stretch } from '../place/partition.js';
import { translate } from '../place/translate.js';
import { type Trial, type TrialGround, tryRegion } from './region-trial.js';

/** `npu`: the longest stretches that pass, whatever they gain. A list: stretches by the values that their first and last nodes write. */
export type PlaceWish = 'auto' | 'npu' | readonly { readonly first: string; readonly last: string }[];

export interface PlacedNode {
  /** The value that it writes. */
  readonly value: string;
  readonly op: string;
  readonly target: 'cpu' | 'npu';
  /** Why it is not on the NPU; '' where it is. */
  readonly reason: string;
}

export interface TriedRegion {
  readonly plugin: string;
  readonly first: string;
  readonly last: string;
  readonly nodes: number;
  readonly cpuMs: number;
  readonly npuMs?: number;
  readonly error?: number;
  readonly isTaken: boolean;
  /** '' where there is nothing to say against it. */
  readonly reason: string;
}

export interface PlaceReport {
  /** Of the plugin that has regions; null where none has. */
  readonly plugin: string | null;
  readonly device: string | null;
  readonly precision: Precision | null;
  readonly nodes: readonly PlacedNode[];
  readonly regions: readonly TriedRegion[];
  /** Milliseconds of the whole model, where a placement was measured. */
  readonly cpuMs?: number;
  readonly placedMs?: number;
  /** What was decided, in a sentence. */
  readonly verdict: string;
}

export interface Placement {
  readonly plugin: FoundPlugin;
  readonly fingerprint: string;
  readonly precision: Precision;
  /** In order; empty where everything stays on the CPU. */
  readonly stretches: readonly Stretch[];
  readonly report: PlaceReport;
}

export interface PlaceGround extends Omit<TrialGround, 'plugin' | 'precision'> {
  /** Nanoseconds of each node on the CPU. */
  readonly cpuNs: readonly number[];
}

const regionsMax = 4;
/** Handing a stretch over costs so much beside its bytes, until the whole model is measured. */
const handOverNs = 40_000;

/**
 * Places a graph of canonical operators on the plugin that makes it fastest.
 * @returns undefined where no plugin is configured
 * @throws OnboxError `npu-folder`, `place-invalid` if a wish names no stretch that the plugin supports
 */
export async function place(ground: PlaceGround, wish: PlaceWish): Promise<Placement | undefined> {
  let best: Tried | undefined;
  for (const plugin of listNpuPlugins()) {
    const tried = await placeOn(plugin, ground, wish);
    const isBetter = best === undefined || (tried.placement.stretches.length > 0 && tried.nanoseconds < best.nanoseconds);
    if (isBetter || best?.placement.stretches.length === 0) best = tried;
  }
  return best?.placement;
}

interface Tried {
  readonly placement: Placement;
  /** Of the whole model, added up. */
  readonly nanoseconds: number;
}

async function placeOn(plugin: FoundPlugin, ground: PlaceGround, wish: PlaceWish): Promise<Tried> {
  const { graph, cpuNs } = ground;
  const cpuOf = ({ first, end }: Stretch) => sumOf(cpuNs.slice(first, end));
  let facts: NpuFacts;
  let support: Support;
  try {
    facts = describeNpu(plugin);
    support = supportOf(graph, plugin);
  } catch (error) {
    if (!(error instanceof OnboxError)) throw error;
    return { placement: unusable(plugin, graph, error.message), nanoseconds: sumOf(cpuNs) };
  }
  const trials = await tryAll(plugin, ground, wish, support);
  const npu = (stretch: Stretch) => {
    const { nanoseconds, reason } = trials.get(stretch) ?? {};
    return reason === undefined ? nanoseconds : undefined;
  };
  const passed = [...trials.keys()].filter((stretch) => npu(stretch) !== undefined);
  const nsPerByte = copyNsPerByte();
  const crossing = (bytes: number) => handOverNs + 2 * bytes * nsPerByte;
  const chosen =
    wish === 'auto'
      ? choose(graph, passed, { cpu: cpuNs, npu, crossing }, regionsMax)
      : { stretches: heaviest(passed, support.multiplyAdds), nanoseconds: sumOf(cpuNs) };
  const regions = [...trials].map(([stretch, trial]) =>
    regionOf(plugin, graph, stretch, cpuOf(stretch), trial, chosen.stretches.includes(stretch)),
  );
  const count = chosen.stretches.length;
  const report: PlaceReport = {
    plugin: plugin.name,
    device: facts.device,
    precision: support.precision,
    nodes: graph.nodes.map((node, index) => nodeOf(node, reasonOf(index, chosen.stretches, support, regions.length > 0))),
    regions,
    verdict:
      count === 0 ? 'everything runs on the CPU' : `${count} ${count === 1 ? 'region runs' : 'regions run'} on ${plugin.name}`,
  };
  const { precision } = support;
  const placement = { plugin, fingerprint: npuFingerprint(facts), precision, stretches: chosen.stretches, report };
  return { placement, nanoseconds: chosen.nanoseconds };
}

/** Where no speed is asked for, a part of a stretch that has passed is not tried. */
async function tryAll(
  plugin: FoundPlugin,
  ground: PlaceGround,
  wish: PlaceWish,
  { precision, reasons, multiplyAdds }: Support,
): Promise<Map<Stretch, Trial>> {
  const { graph, cpuNs } = ground;
  const supported = reasons.map((reason) => reason === undefined);
  const candidates =
    typeof wish === 'string' ? candidatesOf(graph, supported, multiplyAdds) : wished(graph, wish, supported, reasons);
  const trials = new Map<Stretch, Trial>();
  for (const stretch of candidates) {
    const isCovered = [...trials].some(([other, { reason }]) => reason === undefined && overlaps(other, stretch));
    if (wish !== 'auto' && isCovered) continue;
    const cpu = wish === 'auto' ? sumOf(cpuNs.slice(stretch.first, stretch.end)) : undefined;
    trials.set(stretch, await tryRegion({ ...ground, plugin, precision }, stretch, cpu));
  }
  return trials;
}

function regionOf(
  plugin: FoundPlugin,
  graph: Graph,
  stretch: Stretch,
  cpuNs: number,
  { nanoseconds, error, reason }: Trial,
  isTaken: boolean,
): TriedRegion {
  return {
    plugin: plugin.name,
    first: writtenBy(graph, stretch.first),
    last: writtenBy(graph, stretch.end - 1),
    nodes: stretch.end - stretch.first,
    cpuMs: cpuNs / 1e6,
    ...(nanoseconds === undefined ? {} : { npuMs: nanoseconds / 1e6 }),
    ...(error === undefined ? {} : { error }),
    isTaken,
    reason: reason ?? (isTaken ? '' : 'another choice is faster, crossings included'),
  };
}

/** Why a node stays on the CPU; '' where it does not. */
function reasonOf(index: number, stretches: readonly Stretch[], { reasons }: Support, wereTried: boolean): string {
  if (stretches.some(({ first, end }) => index >= first && index < end)) return '';
  return reasons[index] ?? (wereTried ? 'no region with it passed or was worth the crossing' : 'no multiplication near it');
}

/** Of a plugin that does not open or answer. */
function unusable(plugin: FoundPlugin, graph: Graph, reason: string): Placement {
  const nodes = graph.nodes.map((node) => nodeOf(node, reason));
  const report = { plugin: plugin.name, device: null, precision: null, nodes, regions: [], verdict: reason };
  return { plugin, fingerprint: '', precision: 'f32', stretches: [], report };
}

interface Support {
  readonly precision: Precision;
  /** Why a node is not supported, by node; undefined where it is. */
  readonly reasons: readonly (string | undefined)[];
  readonly multiplyAdds: readonly number[];
}

/** What the plugin takes: in f32, or if it multiplies nothing in that, in f16. */
function supportOf(graph: Graph, plugin: FoundPlugin): Support {
  const exact = supportIn(graph, plugin, 'f32');
  const isUseful = exact.reasons.some((reason, index) => reason === undefined && (exact.multiplyAdds[index] ?? 0) > 0);
  return isUseful ? exact : supportIn(graph, plugin, 'f16');
}

function supportIn(graph: Graph, plugin: FoundPlugin, precision: Precision): Support {
  const translations = graph.nodes.map((node) => translate(graph, node));
  const multiplyAdds = translations.map((made) => (typeof made === 'string' ? 0 : made.multiplyAdds));
  const reasons = translations.map((made) => (typeof made === 'string' ? made : undefined));
  const indices = [...graph.nodes.keys()].filter((index) => reasons[index] === undefined);
  if (indices.length === 0) return { precision, reasons, multiplyAdds };
  const nodes = indices.flatMap((index) => graph.nodes[index] ?? []);
  const chunks: Uint8Array[] = [];
  let length = 0;
  const add = (bytes: Uint8Array): number => {
    chunks.push(bytes);
    length += bytes.length;
    return length - bytes.length;
  };
  const outputs = nodes.slice(-1).flatMap((node) => node.outputs);
  const { subgraph, sources } = offload(graph, nodes, outputs, precision, add);
  const { supported } = askNpu(plugin, subgraph, Buffer.concat(chunks));
  for (const [i, source] of sources.entries()) {
    const index = indices[source];
    if (supported[i] === true || index === undefined) continue;
    const shape = graph.types.get(writtenBy(graph, index))?.shape.join('x');
    reasons[index] = `${plugin.name} does not support ${graph.nodes[index]?.op} to ${shape} in ${precision}`;
  }
  return { precision, reasons, multiplyAdds };
}

/** The stretches of a wish, by the names of their values. */
function wished(
  graph: Graph,
  wish: readonly { readonly first: string; readonly last: string }[],
  supported: readonly boolean[],
  reasons: readonly (string | undefined)[],
): Stretch[] {
  const indexOf = (value: string): number => {
    const index = graph.nodes.findIndex(({ outputs }) => outputs.includes(value));
    if (index >= 0) return index;
    throw invalid(`no node writes ${JSON.stringify(value)}`);
  };
  const stretches = wish.map(({ first, last }) => ({ first: indexOf(first), end: indexOf(last) + 1 }));
  for (const [i, { first, end }] of stretches.entries()) {
    if (end <= first) throw invalid(`${JSON.stringify(wish[i]?.last)} stands before ${JSON.stringify(wish[i]?.first)}`);
    const odd = supported.findIndex((is, index) => index >= first && index < end && !is);
    if (odd >= 0) throw invalid(`${JSON.stringify(writtenBy(graph, odd))} cannot go to the NPU: ${reasons[odd]}`);
    if (stretches.some((other, k) => k < i && overlaps(other, { first, end }))) throw invalid('two regions overlap');
  }
  return stretches;
}

function invalid(why: string): OnboxError {
  return new OnboxError(`the placement cannot be had: ${why}`, { code: 'place-invalid' });
}

function overlaps(a: Stretch, b: Stretch): boolean {
  return a.first < b.end && b.first < a.end;
}

/** The stretches with most to compute, in order. */
function heaviest(stretches: readonly Stretch[], multiplyAdds: readonly number[]): Stretch[] {
  const weight = ({ first, end }: Stretch) => multiplyAdds.slice(first, end).reduce((sum, count) => sum + count, 0);
  const most = [...stretches].sort((a, b) => weight(b) - weight(a)).slice(0, regionsMax);
  return most.sort((a, b) => a.first - b.first);
}

/** Of one copy through memory, the best of a few. */
function copyNsPerByte(): number {
  const [from, to] = [new Uint8Array(2 ** 23), new Uint8Array(2 ** 23)];
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    to.set(from);
    return performance.now() - start;
  });
  return (Math.min(...times) * 1e6) / from.length;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function nodeOf({ op, outputs }: Graph['nodes'][number], reason: string): PlacedNode {
  return { value: outputs[0] ?? '', op, target: reason === '' ? 'npu' : 'cpu', reason };
}

function writtenBy(graph: Graph, index: number): string {
  return graph.nodes[index]?.outputs[0] ?? '';
}
