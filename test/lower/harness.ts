// Runs a graph through its lowered programs, value by value in the layouts that the graph states, and compares with the reference.

import { allocate, elementCount, type Shape, type Tensor, type TensorType } from '../../runtime/core/tensor.js';
import { GraphBuilder } from '../../runtime/graph/builder.js';
import { evaluate } from '../../runtime/graph/evaluate.js';
import type { Attributes, Graph, Layout } from '../../runtime/graph/graph.js';
import { numbersOf, tensorFrom } from '../../runtime/graph/numbers.js';
import { runProgram } from '../../runtime/loop/interpret.js';
import { verifyProgram } from '../../runtime/loop/verify.js';
import { lowerNode } from '../../runtime/lower/lower.js';
import { noBorder, storageShape } from '../../runtime/lower/storage.js';

/** An input of a case; constants are known at compile time. */
export interface Feed {
  readonly tensor: Tensor;
  readonly isConstant: boolean;
}

/** A node to be tested, and how far results may be from the reference. */
export interface Case {
  readonly op: string;
  readonly feeds: readonly (Feed | undefined)[];
  readonly attributes: Attributes;
  readonly tolerance?: number;
}

/** Which values of rank 4 are stored in blocks of 4 channels with a border of 1. */
export const layoutChoices = ['none', 'inputs', 'outputs', 'all', 'borders'] as const;
export type LayoutChoice = (typeof layoutChoices)[number];

export function graphOf({ op, feeds, attributes }: Case): Graph {
  const builder = new GraphBuilder();
  const inputs = feeds.map((feed, i) => {
    if (feed === undefined) return '';
    return feed.isConstant ? builder.addConstant(`v${i}`, feed.tensor) : builder.addInput(`v${i}`, feed.tensor);
  });
  for (const output of builder.add(op, inputs, attributes)) builder.output(output, output);
  return builder.build();
}

export function withLayouts(graph: Graph, choice: LayoutChoice): Graph {
  const blocked: Layout = { block: 4, border: [1, 1, 1, 1] };
  const produced = graph.nodes.flatMap(({ outputs }) => outputs);
  const chosen = [...(choice === 'outputs' ? [] : graph.inputs), ...(choice === 'inputs' ? [] : produced)];
  const layouts = new Map<string, Layout>();
  for (const value of choice === 'none' ? [] : chosen) {
    if (graph.types.get(value)?.shape.length !== 4) continue;
    layouts.set(value, choice === 'borders' ? { block: 1, border: [2, 1, 0, 1] } : blocked);
  }
  return { ...graph, layouts };
}

/** The results of the lowered programs of all nodes, by value. */
function runLowered(graph: Graph, feeds: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const stored = new Map<string, Tensor>();
  for (const [value, tensor] of [...feeds, ...graph.constants]) stored.set(value, toStorage(tensor, graph.layouts.get(value)));
  for (const node of graph.nodes) {
    for (const { program, values } of lowerNode(graph, node)) {
      verifyProgram(program);
      const named = program.buffers.map(({ name }, i) => [name, stored.get(values[i] as string)] as const);
      const given = named.filter((pair): pair is [string, Tensor] => pair[1] !== undefined);
      stored.set(values.at(-1) as string, runProgram(program, new Map(given)).get('y') as Tensor);
    }
  }
  const produced = graph.nodes.flatMap(({ outputs }) => outputs);
  return new Map(
    produced.map((value) => {
      const type = graph.types.get(value) as TensorType;
      return [value, fromStorage(stored.get(value) as Tensor, type, graph.layouts.get(value))];
    }),
  );
}

/** The greatest distance from the reference in units of max(1, |reference|); infinite where only one is NaN. */
export function distanceFromReference(graph: Graph, feeds: ReadonlyMap<string, Tensor>): number {
  const results = runLowered(graph, feeds);
  const wanted = evaluate(graph, feeds);
  let distance = 0;
  for (const { name, value } of graph.outputs) {
    const [got, want] = [results.get(value) as Tensor, wanted.get(name) as Tensor];
    expect({ dtype: got.dtype, shape: got.shape }).toEqual({ dtype: want.dtype, shape: want.shape });
    const [a, b] = [numbersOf(got), numbersOf(want)];
    for (let i = 0; i < b.length; i++) distance = Math.max(distance, distanceOf(a[i] as number, b[i] as number));
  }
  return distance;
}

function distanceOf(got: number, want: number): number {
  if (Object.is(got, want) || got === want) return 0;
  const distance = Math.abs(got - want) / Math.max(1, Math.abs(want));
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}

/** The stored form. Past the last channel stands NaN, which no consumer may let through. */
export function toStorage(tensor: Tensor, layout: Layout | undefined): Tensor {
  if (layout === undefined) return tensor;
  const shape = storageShape(tensor, layout);
  const values = numbersOf(tensor);
  const stored = new Float64Array(elementCount(shape));
  if (layout.block > 1) {
    const past: TensorType = {
      ...tensor,
      shape: [tensor.shape[0] as number, blocksOf(tensor, layout) * layout.block, ...tensor.shape.slice(2)],
    };
    eachPlace(past, layout, (offset) => {
      stored[offset] = Number.NaN;
    });
  }
  eachPlace(tensor, layout, (offset, i) => {
    stored[offset] = values[i] as number;
  });
  return tensorFrom({ dtype: tensor.dtype, shape }, stored);
}

/** The value again; its border must be zeros. */
export function fromStorage(stored: Tensor, type: TensorType, layout: Layout | undefined): Tensor {
  if (layout === undefined) return stored;
  expect(stored.shape).toEqual(storageShape(type, layout));
  const values = numbersOf(stored);
  const logical = new Float64Array(elementCount(type.shape));
  eachPlace(type, layout, (offset, i) => {
    logical[i] = values[offset] as number;
  });
  expectZeroBorder(values, stored.shape, layout);
  const tensor = { dtype: type.dtype, shape: type.shape, data: allocate(type.dtype, logical.length) };
  return tensorFrom(tensor, logical);
}

function expectZeroBorder(values: ArrayLike<number>, shape: Shape, { border, block }: Layout): void {
  const [top, left, bottom, right] = border;
  const [n, blocks, height, width] = shape as [number, number, number, number];
  for (let i = 0; i < n * blocks * height * width * block; i++) {
    const column = Math.floor(i / block) % width;
    const row = Math.floor(i / block / width) % height;
    const isBorder = row < top || row >= height - bottom || column < left || column >= width - right;
    if (isBorder && values[i] !== 0) throw new Error(`the border at row ${row}, column ${column} is ${values[i]}`);
  }
}

function blocksOf({ shape }: { shape: Shape }, { block }: Layout): number {
  return Math.ceil((shape[1] as number) / block);
}

/** Calls `visit` with where each element of a value lies in storage, in row-major order of its logical indices. */
function eachPlace({ shape }: { shape: Shape }, layout: Layout, visit: (offset: number, i: number) => void): void {
  const [n, c, h, w] = shape as [number, number, number, number];
  const { block, border } = layout ?? { block: 1, border: noBorder };
  const [top, left, bottom, right] = border;
  const blocks = Math.ceil(c / block);
  let i = 0;
  for (let image = 0; image < n; image++) {
    for (let channel = 0; channel < c; channel++) {
      const plane = (image * blocks + Math.floor(channel / block)) * (top + h + bottom);
      for (let row = 0; row < h; row++) {
        for (let column = 0; column < w; column++) {
          const pixel = (plane + top + row) * (left + w + right) + left + column;
          visit(pixel * block + (channel % block), i++);
        }
      }
    }
  }
}
