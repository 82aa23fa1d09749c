// From a graph to the parts of a module: distinct kernels as C, launches with their buffers, packed weights. Programs that are equal
// but for the values they are applied to are compiled once.

import type { BufferRef, ClLaunch, HostLaunch, Launch, NpuLaunch } from '../../addon/index.js';
import { type KernelSource, writeKernels } from '../codegen/c.js';
import { type ClKernelSource, isForOpencl, openclLanes, writeClKernels } from '../codegen/opencl.js';
import { assert } from '../core/assert.js';
import { dtypeBytes, type Tensor, type TensorData } from '../core/tensor.js';
import type { Graph, Node } from '../graph/graph.js';
import { storedTensor } from '../graph/passes/halves.js';
import { isInPlace, type View, viewsOf } from '../graph/passes/views.js';
import { pack } from '../loop/pack.js';
import { printProgram } from '../loop/print.js';
import type { Program } from '../loop/program.js';
import { verifyProgram } from '../loop/verify.js';
import { type HostProgram, hostProgram } from '../lower/host.js';
import { type LoweredProgram, lowerNode } from '../lower/lower.js';
import { type Access, planArena } from '../lower/memory.js';
import type { PlacedRegion } from '../place/segments.js';
import { apply } from '../schedule/apply.js';
import type { Schedule } from '../schedule/steps.js';
import { summarize } from '../schedule/summary.js';
import type { KernelInfo } from './manifest.js';
import type { WeightSink } from './weights.js';

/** What the schedule of a program is; the empty one is its plain translation. */
export type Scheduling = (program: Program) => Schedule;

export interface Parts {
  /** Functions k0, k1, … in order: in C, or in OpenCL C where they have a grid; null for a routine of the addon. */
  readonly kernels: readonly (KernelSource | ClKernelSource | null)[];
  readonly infos: readonly KernelInfo[];
  readonly plans: readonly (readonly (Launch | HostLaunch | ClLaunch | NpuLaunch)[])[];
  /** The value that each step of plan 0 writes; '' for a region on the NPU. */
  readonly written: readonly string[];
  readonly arenaBytes: number;
  /** Byte offset in the arena of every value that is stored there. */
  readonly offsets: ReadonlyMap<string, number>;
}

/** The node that a plan for pictures runs instead of the one that writes `replaces`. */
export interface ImagePrologue {
  /** Has the picture as its only input. */
  readonly graph: Graph;
  readonly node: Node;
  readonly replaces: string;
}

export interface AssembleOptions {
  readonly schedule: Scheduling;
  readonly isa: string;
  /** For an OpenCL device: how the programs are scheduled that it runs, all that have a form in OpenCL C. */
  readonly openclSchedule?: Scheduling;
  readonly images?: readonly ImagePrologue[];
  /**
   * How values lie in the arena. `shared`: those that are never alive together share memory. `kept`: none do, so that each can be
   * looked at after a run. `apart`: none do, and none is a part of another either.
   */
  readonly memory: 'shared' | 'kept' | 'apart';
  /** Nodes that stand behind a region on the NPU; the graph comes from place/segments.ts. */
  readonly regions?: readonly PlacedRegion[];
  readonly onProgress?: (completed: number, total: number) => void;
}

interface Compiled {
  readonly kernels: readonly number[];
  readonly program: Program;
}

/**
 * Lowers, schedules and writes every node of a graph. Plan 0 takes the inputs of the graph; each of `options.images` makes another
 * plan, whose picture is one more input after them and after the pictures of the plans before it.
 * @param graph every node has a lowering, every output is written by a node
 * @param weights takes the constants
 */
export function assemble(graph: Graph, weights: WeightSink, options: AssembleOptions): Parts {
  return new Assembler(graph, weights, options).run();
}

/** What vectors on an OpenCL device are multiples of. */
const vectorBytes = openclLanes * dtypeBytes('f32');

class Assembler {
  private readonly graph: Graph;
  private readonly options: AssembleOptions;
  private readonly views: ReadonlyMap<string, View>;
  private readonly kernels: (KernelSource | ClKernelSource | null)[] = [];
  private readonly infos: KernelInfo[] = [];
  private readonly compiled = new Map<string, Compiled>();
  private readonly weights: WeightSink;

  constructor(graph: Graph, weights: WeightSink, options: AssembleOptions) {
    this.graph = graph;
    this.weights = weights;
    this.options = options;
    this.views = options.memory === 'apart' ? new Map() : viewsOf(graph);
  }

  run(): Parts {
    const { regions = [] } = this.options;
    /** The node of each program. */
    const owners: number[] = [];
    const lower = (node: Node): readonly (LoweredProgram | HostProgram)[] => {
      if (isInPlace(node, this.views)) return [];
      const hosted = hostProgram(this.graph, node);
      return hosted === undefined ? lowerNode(this.graph, node) : [hosted];
    };
    const main = this.graph.nodes.flatMap((node, index) => {
      const programs = lower(node);
      owners.push(...programs.map(() => index));
      return programs;
    });
    const images = (this.options.images ?? []).map((image) => ({ ...image, programs: lowerNode(image.graph, image.node) }));
    const accesses = main.map(accessOf);
    const arena = planArena(
      this.graph,
      withRegions(accesses, owners, regions, regionAccess),
      this.views,
      this.options.memory !== 'shared',
    );
    const total = main.length + images.flatMap(({ programs }) => programs).length;
    const first = main.map((lowered, i) => {
      this.options.onProgress?.(i, total);
      if ('routine' in lowered) return [this.hostLaunch(lowered, arena.offsets)];
      return this.launches(this.graph, lowered, arena.offsets, 0);
    });
    const step = (region: PlacedRegion, number: number, fallback: number): NpuLaunch => {
      const place = (value: string) => placeOf(this.graph, value, arena.offsets, 0);
      return { region: number, fallback, buffers: [...region.inputs, ...region.outputs].map(place) };
    };
    const join = (launches: readonly (readonly (Launch | HostLaunch | ClLaunch)[])[]) => {
      const behind = ({ first, end }: PlacedRegion) =>
        launches.filter((_, i) => (owners[i] ?? 0) >= first && (owners[i] ?? 0) < end).flat().length;
      return withRegions<readonly (Launch | HostLaunch | ClLaunch | NpuLaunch)[]>(
        launches,
        owners,
        regions,
        (region, number) => [step(region, number, behind(region))],
      ).flat();
    };
    const plans = [join(first)];
    for (const [number, { replaces, graph, programs }] of images.entries()) {
      const replaced = accesses.findIndex(({ writes }) => writes.includes(replaces));
      assert(replaced >= 0, 'the picture replaces no node');
      const input = this.graph.inputs.length + number;
      const picture = programs.map((lowered) => this.launches(graph, lowered, arena.offsets, input));
      plans.push(join(first.map((launches, i) => (i === replaced ? picture.flat() : launches))));
    }
    this.options.onProgress?.(total, total);
    const { kernels, infos } = this;
    const values = accesses.map(({ writes }, i) => (first[i] ?? []).map(() => writes.at(-1) ?? ''));
    const written = withRegions(values, owners, regions, () => ['']).flat();
    return { kernels, infos, plans, written, arenaBytes: arena.bytes, offsets: arena.offsets };
  }

  /** @param firstInput the number that the first input of `graph` has in the plan */
  private launches(
    graph: Graph,
    lowered: LoweredProgram,
    offsets: ReadonlyMap<string, number>,
    firstInput: number,
  ): readonly (Launch | ClLaunch)[] {
    const values = new Map(lowered.program.buffers.map(({ name }, i) => [name, lowered.values[i] ?? '']));
    const constants = new Map<string, Tensor>();
    for (const [name, value] of values) {
      const tensor = graph.constants.get(value);
      if (tensor !== undefined) constants.set(name, storedTensor(graph, value, tensor));
    }
    const placeValue = (name: string) => placeOf(graph, required(values.get(name), name), offsets, firstInput);
    const isAligned = (name: string): boolean => {
      if (constants.has(name) || !values.has(name)) return true;
      const { space, offset } = placeValue(name);
      return space === 'input' || offset % vectorBytes === 0;
    };
    const { kernels, program } = this.compile(lowered, isAligned);
    const packed = new Map(program.packings.map((packing) => [packing.buffer, this.addWeights(pack(packing, constants))]));
    const place = (name: string): BufferRef => {
      const constant = constants.get(name);
      return packed.get(name) ?? (constant === undefined ? placeValue(name) : this.addWeights(constant.data));
    };
    return kernels.map((kernel) => {
      const source = this.kernels[kernel] as KernelSource | ClKernelSource;
      const buffers = source.buffers.map(place);
      if ('extent' in source) return { kernel, extent: source.extent, buffers };
      return { kernel, global: source.global, local: source.local, buffers };
    });
  }

  private hostLaunch(
    { routine, parameters, extent, reads, writes }: HostProgram,
    offsets: ReadonlyMap<string, number>,
  ): HostLaunch {
    const kernel = this.kernels.push(null) - 1;
    this.infos.push({ title: routine, flops: 0 });
    const place = (value: string): BufferRef => {
      const constant = this.graph.constants.get(value);
      return constant === undefined ? placeOf(this.graph, value, offsets, 0) : this.addWeights(constant.data);
    };
    const numbers = this.addWeights(BigInt64Array.from(parameters, BigInt));
    return { kernel, routine, extent, buffers: [numbers, ...[...reads, ...writes].map(place)] };
  }

  private addWeights(data: TensorData): BufferRef {
    return { space: 'weights', offset: this.weights.add(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) };
  }

  /** @param isAligned whether a buffer of the program begins where a vector may */
  private compile(lowered: LoweredProgram, isAligned: (buffer: string) => boolean): Compiled {
    const { openclSchedule } = this.options;
    const forDevice = openclSchedule !== undefined && isForOpencl(lowered.program);
    const unaligned = forDevice ? lowered.program.buffers.filter(({ name }) => !isAligned(name)).map(({ name }) => name) : [];
    const key = [printProgram(lowered.program), ...unaligned].join('\n');
    const known = this.compiled.get(key);
    if (known !== undefined) return known;
    verifyProgram(lowered.program);
    const schedule = (forDevice ? openclSchedule : this.options.schedule)(lowered.program);
    const applied = apply(schedule, lowered.program);
    assert(applied.legal, applied.legal ? '' : `step ${applied.step} of a schedule: ${applied.reason}\n${key}`);
    const first = this.kernels.length;
    const nameOf = (i: number) => `k${first + i}`;
    const sources = forDevice
      ? writeClKernels(nameOf, applied.program, isAligned)
      : writeKernels(nameOf, applied.program, this.options.isa);
    this.kernels.push(...sources);
    for (const [i] of sources.entries()) {
      this.infos.push({ title: lowered.title, flops: i === 0 ? lowered.flops : 0, schedule: summarize(schedule) });
    }
    const compiled = { kernels: sources.map((_, i) => first + i), program: applied.program };
    this.compiled.set(key, compiled);
    return compiled;
  }
}

/** A region reads and writes at once, before the programs that stand behind it. */
function regionAccess({ inputs, outputs }: PlacedRegion): Access {
  return { reads: inputs, writes: outputs };
}

/**
 * A list of one entry for each program, with `make(region, its number)` before the first program of each region.
 * @param owners the node of each program
 */
function withRegions<T>(
  entries: readonly T[],
  owners: readonly number[],
  regions: readonly PlacedRegion[],
  make: (region: PlacedRegion, number: number) => T,
): T[] {
  return entries.flatMap((entry, i) => {
    const number = regions.findIndex(({ first }) => (owners[i] ?? 0) >= first && (owners[i - 1] ?? -1) < first);
    const region = regions[number];
    return region === undefined ? [entry] : [make(region, number), entry];
  });
}

function accessOf(lowered: LoweredProgram | HostProgram): Access {
  if ('routine' in lowered) return { reads: lowered.reads, writes: lowered.writes };
  return { reads: lowered.values.slice(0, -1), writes: lowered.values.slice(-1) };
}

/** @param firstInput the number that the first input of `graph` has in the plan */
function placeOf(graph: Graph, value: string, offsets: ReadonlyMap<string, number>, firstInput: number): BufferRef {
  const input = graph.inputs.indexOf(value);
  if (input >= 0) return { space: 'input', offset: firstInput + input };
  return { space: 'arena', offset: required(offsets.get(value), value) };
}

function required<T>(value: T | undefined, name: string): T {
  assert(value !== undefined, `"${name}" has no place`);
  return value;
}
