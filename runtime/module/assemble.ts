// From a graph to the parts of a module: distinct kernels as C, launches with their buffers, packed weights. Programs that are equal
// but for the values they are applied to are compiled once.

import type { BufferRef, Launch } from '../../addon/index.js';
import { type KernelSource, writeKernels } from '../codegen/c.js';
import { assert } from '../core/assert.js';
import type { Tensor, TensorData } from '../core/tensor.js';
import type { Graph, Node } from '../graph/graph.js';
import { isInPlace, type View, viewsOf } from '../graph/passes/views.js';
import { pack } from '../loop/pack.js';
import { printProgram } from '../loop/print.js';
import type { Program } from '../loop/program.js';
import { verifyProgram } from '../loop/verify.js';
import { type LoweredProgram, lowerNode } from '../lower/lower.js';
import { type Access, planArena } from '../lower/memory.js';
import { apply } from '../schedule/apply.js';
import type { Schedule } from '../schedule/steps.js';
import { summarize } from '../schedule/summary.js';
import type { KernelInfo } from './manifest.js';
import type { WeightSink } from './weights.js';

/** What the schedule of a program is; the empty one is its plain translation. */
export type Scheduling = (program: Program) => Schedule;

export interface Parts {
  /** C functions k0, k1, … in order. */
  readonly kernels: readonly KernelSource[];
  readonly infos: readonly KernelInfo[];
  readonly plans: readonly (readonly Launch[])[];
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
  readonly images?: readonly ImagePrologue[];
  /**
   * How values lie in the arena. `shared`: those that are never alive together share memory. `kept`: none do, so that each can be
   * looked at after a run. `apart`: none do, and none is a part of another either.
   */
  readonly memory: 'shared' | 'kept' | 'apart';
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

class Assembler {
  private readonly graph: Graph;
  private readonly options: AssembleOptions;
  private readonly views: ReadonlyMap<string, View>;
  private readonly kernels: KernelSource[] = [];
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
    const main = this.graph.nodes.flatMap((node) => (isInPlace(node, this.views) ? [] : lowerNode(this.graph, node)));
    const images = (this.options.images ?? []).map((image) => ({ ...image, programs: lowerNode(image.graph, image.node) }));
    const accesses = main.map((lowered): Access => ({ reads: lowered.values.slice(0, -1), writes: lowered.values.slice(-1) }));
    const arena = planArena(this.graph, accesses, this.views, this.options.memory !== 'shared');
    const total = main.length + images.flatMap(({ programs }) => programs).length;
    const first = main.map((lowered, i) => {
      this.options.onProgress?.(i, total);
      return this.launches(this.graph, lowered, arena.offsets, 0);
    });
    const plans = [first.flat()];
    for (const [number, { replaces, graph, programs }] of images.entries()) {
      const replaced = main.findIndex((lowered) => lowered.values.at(-1) === replaces);
      assert(replaced >= 0, 'the picture replaces no node');
      const input = this.graph.inputs.length + number;
      const picture = programs.map((lowered) => this.launches(graph, lowered, arena.offsets, input));
      plans.push(first.flatMap((launches, i) => (i === replaced ? picture.flat() : launches)));
    }
    this.options.onProgress?.(total, total);
    const { kernels, infos } = this;
    return { kernels, infos, plans, arenaBytes: arena.bytes, offsets: arena.offsets };
  }

  /** @param firstInput the number that the first input of `graph` has in the plan */
  private launches(
    graph: Graph,
    lowered: LoweredProgram,
    offsets: ReadonlyMap<string, number>,
    firstInput: number,
  ): readonly Launch[] {
    const { kernels, program } = this.compile(lowered);
    const values = new Map(lowered.program.buffers.map(({ name }, i) => [name, lowered.values[i] ?? '']));
    const constants = new Map<string, Tensor>();
    for (const [name, value] of values) {
      const tensor = graph.constants.get(value);
      if (tensor !== undefined) constants.set(name, tensor);
    }
    const packed = new Map(program.packings.map((packing) => [packing.buffer, this.addWeights(pack(packing, constants))]));
    const place = (name: string): BufferRef => {
      const known = packed.get(name);
      if (known !== undefined) return known;
      const constant = constants.get(name);
      if (constant !== undefined) return this.addWeights(constant.data);
      const value = required(values.get(name), name);
      const input = graph.inputs.indexOf(value);
      if (input >= 0) return { space: 'input', offset: firstInput + input };
      return { space: 'arena', offset: required(offsets.get(value), value) };
    };
    return kernels.map((kernel) => {
      const { buffers, extent } = this.kernels[kernel] as KernelSource;
      return { kernel, extent, buffers: buffers.map(place) };
    });
  }

  private addWeights(data: TensorData): BufferRef {
    return { space: 'weights', offset: this.weights.add(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) };
  }

  private compile(lowered: LoweredProgram): Compiled {
    const key = printProgram(lowered.program);
    const known = this.compiled.get(key);
    if (known !== undefined) return known;
    verifyProgram(lowered.program);
    const schedule = this.options.schedule(lowered.program);
    const applied = apply(schedule, lowered.program);
    assert(applied.legal, applied.legal ? '' : `step ${applied.step} of a schedule: ${applied.reason}\n${key}`);
    const first = this.kernels.length;
    const sources = writeKernels((i) => `k${first + i}`, applied.program, this.options.isa);
    this.kernels.push(...sources);
    for (const [i] of sources.entries()) {
      this.infos.push({ title: lowered.title, flops: i === 0 ? lowered.flops : 0, schedule: summarize(schedule) });
    }
    const compiled = { kernels: sources.map((_, i) => first + i), program: applied.program };
    this.compiled.set(key, compiled);
    return compiled;
  }
}

function required<T>(value: T | undefined, name: string): T {
  assert(value !== undefined, `"${name}" has no place`);
  return value;
}
