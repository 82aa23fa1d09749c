// From a laid-out graph to the parts of a module: distinct kernels as C, launches with their buffers, packed weights. Programs that are
// equal but for the values they are applied to are compiled once.

import { createHash } from 'node:crypto';
import type { BufferRef, Launch } from '../../addon/index.js';
import { type KernelSource, writeKernels } from '../codegen/c.js';
import { assert } from '../core/assert.js';
import type { Tensor } from '../core/tensor.js';
import type { Graph, Node } from '../graph/graph.js';
import { type View, viewsOf } from '../graph/passes/views.js';
import { pack } from '../loop/pack.js';
import { printProgram } from '../loop/print.js';
import type { Program } from '../loop/program.js';
import { verifyProgram } from '../loop/verify.js';
import { type LoweredProgram, lowerNode } from '../lower/lower.js';
import { type Access, planArena } from '../lower/memory.js';
import { apply } from '../schedule/apply.js';
import type { Schedule } from '../schedule/steps.js';
import type { KernelInfo } from './manifest.js';

/** What the schedule of a program is; the empty one is its plain translation. */
export type Scheduling = (program: Program) => Schedule;

export interface Parts {
  /** C functions k0, k1, … in order. */
  readonly kernels: readonly KernelSource[];
  readonly infos: readonly KernelInfo[];
  readonly plans: readonly (readonly Launch[])[];
  readonly weights: Uint8Array;
  readonly arenaBytes: number;
  /** Byte offset in the arena of every value that is stored there. */
  readonly offsets: ReadonlyMap<string, number>;
}

/** The nodes of the second plan, which takes a picture: they replace the first plan's node that writes `replaces`. */
export interface ImagePrologue {
  readonly graph: Graph;
  readonly node: Node;
  readonly replaces: string;
}

interface Compiled {
  readonly kernels: readonly number[];
  readonly program: Program;
}

export interface AssembleOptions {
  readonly schedule: Scheduling;
  readonly isa: string;
  readonly image?: ImagePrologue;
  /** Every value keeps a place of its own, so that all can be looked at after a run. */
  readonly keepValues?: boolean;
  readonly onProgress?: (completed: number, total: number) => void;
}

/** @param graph with layouts; every node has a lowering */
export function assemble(graph: Graph, options: AssembleOptions): Parts {
  const builder = new Assembler(graph, options);
  return builder.run();
}

class Assembler {
  private readonly graph: Graph;
  private readonly options: AssembleOptions;
  private readonly views: ReadonlyMap<string, View>;
  private readonly kernels: KernelSource[] = [];
  private readonly infos: KernelInfo[] = [];
  private readonly compiled = new Map<string, Compiled>();
  private readonly weights = new WeightWriter();

  constructor(graph: Graph, options: AssembleOptions) {
    this.graph = graph;
    this.options = options;
    this.views = viewsOf(graph);
  }

  run(): Parts {
    const main = this.graph.nodes.flatMap((node) => this.lower(this.graph, node));
    const image = this.options.image;
    const prologue = image === undefined ? [] : lowerNode(image.graph, image.node);
    const accesses = main.map((lowered): Access => ({ reads: lowered.values.slice(0, -1), writes: lowered.values.slice(-1) }));
    const arena = planArena(this.graph, accesses, this.views, this.options.keepValues);
    const total = main.length + prologue.length;
    const launch = (graph: Graph) => (lowered: LoweredProgram, i: number) => {
      this.options.onProgress?.(i, total);
      return this.launches(graph, lowered, arena.offsets);
    };
    const first = main.map(launch(this.graph));
    const plans = [first.flat()];
    if (image !== undefined) {
      const replaced = main.findIndex((lowered) => lowered.values.at(-1) === image.replaces);
      assert(replaced >= 0, 'the picture replaces no node');
      plans.push(first.flatMap((launches, i) => (i === replaced ? prologue.flatMap(launch(image.graph)) : launches)));
    }
    return {
      kernels: this.kernels,
      infos: this.infos,
      plans,
      weights: this.weights.bytes(),
      arenaBytes: arena.bytes,
      offsets: arena.offsets,
    };
  }

  /** Values that lie in others need no program, unless their node computes something as well. */
  private lower(graph: Graph, node: Node): LoweredProgram[] {
    if (node.op === 'concat' && node.inputs.every((part) => this.isPartOf(part, node.outputs[0] ?? ''))) return [];
    if (
      node.op === 'reshape' &&
      this.views.has(node.outputs[0] ?? '') &&
      this.views.get(node.outputs[0] ?? '')?.of === node.inputs[0]
    )
      return [];
    if (node.op === 'split' && node.outputs.every((part) => this.views.get(part)?.of === node.inputs[0])) return [];
    return lowerNode(graph, node);
  }

  private isPartOf(part: string, whole: string): boolean {
    for (let view = this.views.get(part); view !== undefined; view = this.views.get(view.of))
      if (view.of === whole) return true;
    return false;
  }

  private launches(graph: Graph, lowered: LoweredProgram, offsets: ReadonlyMap<string, number>): Launch[] {
    const { kernels, program } = this.compile(lowered);
    const refs = new Map<string, BufferRef>();
    for (const [i, buffer] of lowered.program.buffers.entries()) {
      const value = lowered.values[i] ?? '';
      const constant = graph.constants.get(value);
      const input = graph.inputs.indexOf(value);
      if (constant !== undefined) refs.set(buffer.name, { space: 'weights', offset: -1 });
      else if (input >= 0) refs.set(buffer.name, { space: 'input', offset: input });
      else refs.set(buffer.name, { space: 'arena', offset: required(offsets.get(value), value) });
    }
    const constants = new Map<string, Tensor>();
    for (const [i, buffer] of lowered.program.buffers.entries()) {
      const tensor = graph.constants.get(lowered.values[i] ?? '');
      if (tensor !== undefined) constants.set(buffer.name, tensor);
    }
    for (const packing of program.packings) {
      const data = pack(packing, constants);
      refs.set(packing.buffer, { space: 'weights', offset: this.weights.add(bytesOf(data)) });
    }
    return kernels.map((kernel) => {
      const { buffers, extent } = this.kernels[kernel] as KernelSource;
      return { kernel, extent, buffers: buffers.map((name) => this.resolve(refs, constants, name)) };
    });
  }

  private resolve(refs: Map<string, BufferRef>, constants: ReadonlyMap<string, Tensor>, name: string): BufferRef {
    const known = required(refs.get(name), name);
    if (known.offset >= 0) return known;
    const placed: BufferRef = { space: 'weights', offset: this.weights.add(bytesOf(required(constants.get(name), name).data)) };
    refs.set(name, placed);
    return placed;
  }

  private compile(lowered: LoweredProgram): Compiled {
    const key = printProgram(lowered.program);
    const known = this.compiled.get(key);
    if (known !== undefined) return known;
    verifyProgram(lowered.program);
    const applied = apply(this.options.schedule(lowered.program), lowered.program);
    assert(applied.legal, applied.legal ? '' : `step ${applied.step} of a schedule: ${applied.reason}\n${key}`);
    const first = this.kernels.length;
    const sources = writeKernels((i) => `k${first + i}`, applied.program, this.options.isa);
    this.kernels.push(...sources);
    for (const [i] of sources.entries()) this.infos.push({ title: lowered.title, flops: i === 0 ? lowered.flops : 0 });
    const compiled = { kernels: sources.map((_, i) => first + i), program: applied.program };
    this.compiled.set(key, compiled);
    return compiled;
  }
}

function required<T>(value: T | undefined, name: string): T {
  assert(value !== undefined, `"${name}" has no place`);
  return value;
}

function bytesOf(data: Tensor['data']): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Collects constants; equal ones are stored once. */
class WeightWriter {
  private readonly chunks: Uint8Array[] = [];
  private readonly known = new Map<string, number>();
  private length = 0;

  /** @returns the byte offset */
  add(bytes: Uint8Array): number {
    const digest = createHash('sha256').update(bytes).digest('hex');
    const found = this.known.get(digest);
    if (found !== undefined) return found;
    const offset = this.length;
    this.chunks.push(bytes);
    this.length += Math.ceil(bytes.length / weightAlignment) * weightAlignment;
    this.known.set(digest, offset);
    return offset;
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(Math.max(weightAlignment, this.length));
    let offset = 0;
    for (const chunk of this.chunks) {
      all.set(chunk, offset);
      offset += Math.ceil(chunk.length / weightAlignment) * weightAlignment;
    }
    return all;
  }
}

const weightAlignment = 64;
