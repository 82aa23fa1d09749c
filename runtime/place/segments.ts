// A graph in pieces: between the stretches that go to the NPU and those that do not, values are stored row-major, so each piece is laid
// out on its own and the pieces are joined again. What the pieces for the NPU hold is what the CPU runs in their place.

import { assert } from '../core/assert.js';
import type { Graph, Node, Tensor, TensorType } from '../graph/graph.js';
import { edgesOf, type Stretch } from './partition.js';

/** Nodes of a joined graph that a region stands for. */
export interface PlacedRegion extends Stretch {
  /** Values of the joined graph, row-major, in the order of the region's own. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface Joined {
  readonly graph: Graph;
  /** One for each stretch, in order. */
  readonly regions: readonly PlacedRegion[];
}

/**
 * Lays a graph out piece by piece.
 * @param stretches in order, without overlap
 * @param layOut what is done to each piece; it keeps the order and names of inputs and outputs
 */
export function layOutPieces(graph: Graph, stretches: readonly Stretch[], layOut: (piece: Graph) => Graph): Joined {
  const { graph: copied, shift } = copyInputs(graph, stretches);
  const joiner = new Joiner(copied);
  if (shift > 0) joiner.add(pieceOf(copied, { first: 0, end: shift }), false);
  for (const { stretch, isRegion } of piecesOf(graph, stretches)) {
    const moved = { first: stretch.first + shift, end: stretch.end + shift };
    joiner.add(layOut(pieceOf(copied, moved)), isRegion);
  }
  return joiner.finish();
}

/** The stretches, and what lies between them. */
function piecesOf(graph: Graph, stretches: readonly Stretch[]): { readonly stretch: Stretch; readonly isRegion: boolean }[] {
  const ends = [0, ...stretches.map(({ end }) => end)];
  const pieces = ends.flatMap((first, i) => {
    const next = stretches[i];
    const between = { stretch: { first, end: next?.first ?? graph.nodes.length }, isRegion: false };
    return next === undefined ? [between] : [between, { stretch: next, isRegion: true }];
  });
  return pieces.filter(({ stretch }) => stretch.end > stretch.first);
}

/** A copy of every input that a region or more than one piece reads: what a picture is turned into has one place, whoever reads it. */
function copyInputs(graph: Graph, stretches: readonly Stretch[]): { readonly graph: Graph; readonly shift: number } {
  const types = new Map(graph.types);
  const renamed = new Map<string, string>();
  const pieces = piecesOf(graph, stretches);
  const isShared = (input: string): boolean => {
    const readers = pieces.filter(({ stretch }) => edgesOf(graph, stretch).inputs.includes(input));
    return readers.length > 1 || readers.some(({ isRegion }) => isRegion);
  };
  const copies = graph.inputs.filter(isShared).map((input): Node => {
    let name = `${input}.copy`;
    while (types.has(name)) name += '.copy';
    types.set(name, graph.types.get(input) as TensorType);
    renamed.set(input, name);
    return { op: 'copy', inputs: [input], outputs: [name], attributes: {} };
  });
  const rename = (name: string) => renamed.get(name) ?? name;
  const nodes = graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename) }));
  const outputs = graph.outputs.map(({ name, value }) => ({ name, value: rename(value) }));
  return { graph: { ...graph, types, outputs, nodes: [...copies, ...nodes] }, shift: copies.length };
}

function pieceOf(graph: Graph, stretch: Stretch): Graph {
  const { inputs, outputs } = edgesOf(graph, stretch);
  const nodes = graph.nodes.slice(stretch.first, stretch.end);
  const used = new Set([...inputs, ...nodes.flatMap((node) => [...node.inputs, ...node.outputs])]);
  return {
    inputs,
    outputs: outputs.map((name) => ({ name, value: name })),
    nodes,
    types: new Map([...graph.types].filter(([name]) => used.has(name))),
    constants: new Map([...graph.constants].filter(([name]) => used.has(name))),
    layouts: new Map(),
  };
}

class Joiner {
  private readonly whole: Graph;
  private readonly nodes: Node[] = [];
  private readonly types = new Map<string, TensorType>();
  private readonly constants = new Map<string, Tensor>();
  private readonly layouts: Map<string, NonNullable<ReturnType<Graph['layouts']['get']>>> = new Map();
  private readonly regions: PlacedRegion[] = [];
  /** What a value of the whole graph is called, where it lies row-major. */
  private readonly names = new Map<string, string>();

  constructor(whole: Graph) {
    this.whole = whole;
    for (const input of whole.inputs) this.define(input, input, whole.types.get(input));
  }

  add(piece: Graph, isRegion: boolean): void {
    const local = new Map(piece.inputs.map((input) => [input, this.nameOf(input)]));
    for (const [name, type] of piece.types) {
      if (local.has(name)) continue;
      const constant = piece.constants.get(name);
      const isKnown = constant !== undefined && this.constants.get(name) === constant;
      const fresh = isKnown ? name : this.freshName(name);
      local.set(name, fresh);
      this.types.set(fresh, type);
      if (constant !== undefined) this.constants.set(fresh, constant);
      const layout = piece.layouts.get(name);
      if (layout !== undefined) this.layouts.set(fresh, layout);
    }
    const rename = (name: string) => (name === '' ? '' : (local.get(name) ?? name));
    const renameNode = (node: Node): Node => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
      ...(node.body === undefined ? {} : { body: node.body.map(renameNode) }),
    });
    const first = this.nodes.length;
    this.nodes.push(...piece.nodes.map(renameNode));
    for (const { name, value } of piece.outputs) this.names.set(name, rename(value));
    if (!isRegion) return;
    const outputs = piece.outputs.map(({ value }) => rename(value));
    this.regions.push({ first, end: this.nodes.length, inputs: piece.inputs.map(rename), outputs });
  }

  finish(): Joined {
    const { nodes, types, constants, layouts, regions } = this;
    for (const { value } of this.whole.outputs) {
      const constant = this.whole.constants.get(value);
      if (constant === undefined) continue;
      this.define(value, value, this.whole.types.get(value));
      constants.set(value, constant);
    }
    const outputs = this.whole.outputs.map(({ name, value }) => ({ name, value: this.nameOf(value) }));
    return { graph: { inputs: this.whole.inputs, outputs, nodes, types, constants, layouts }, regions };
  }

  private define(value: string, name: string, type: TensorType | undefined): void {
    assert(type !== undefined, `"${value}" has no type`);
    this.types.set(name, type);
    this.names.set(value, name);
  }

  private nameOf(value: string): string {
    const name = this.names.get(value);
    assert(name !== undefined, `"${value}" comes from no piece`);
    return name;
  }

  private freshName(base: string): string {
    let name = base;
    for (let i = 1; this.types.has(name); i++) name = `${base}.${i}`;
    return name;
  }
}
