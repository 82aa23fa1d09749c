// Random graphs: node after node, each operator at values that suit it. What an importer refuses is drawn again.

import type { Tensor } from '../../runtime/core/tensor.js';
import { importModel } from '../../runtime/onnx/import.js';
import { readModel } from '../../runtime/onnx/read.js';
import { type ModelSketch, type NodeSketch, writeOnnx } from '../support/onnx-writer.js';
import { Draft, Unsuited, type Value } from './draft.js';
import { drawers } from './operators.js';
import { Random } from './random.js';

export interface FuzzCase {
  readonly seed: number;
  readonly sketch: ModelSketch;
  readonly feeds: ReadonlyMap<string, Tensor>;
  /** All values that nodes make. */
  readonly values: readonly Value[];
}

const opset = 20;
const triesMax = 40;
const elementsMax = 4000;
/** Beyond this, differences between two orders of summation grow past what is compared. */
const sizeMax = 1e4;

/** The graph of a seed. One of its operators is `first`, if that can be drawn. */
export function drawCase(seed: number, first?: string): FuzzCase {
  const random = new Random(seed);
  const shape = random.pick([
    [1, random.whole(1, 9), random.whole(3, 8), random.whole(3, 9)],
    [random.whole(1, 2), 4, 6, 4],
    [1, random.whole(8, 36), 5, random.whole(2, 17)],
    [1, random.whole(1, 6), random.whole(3, 12)],
    [random.whole(1, 5), random.whole(1, 17)],
    [random.whole(2, 20)],
  ]);
  const x = random.tensor(shape);
  const inputs = [{ name: 'x', dims: shape }];
  let sketch: ModelSketch = { inputs, outputs: [], nodes: [], initializers: {}, opset };
  let values: Value[] = [{ name: 'x', dtype: 'f32', shape, exact: true }];
  const wanted = random.whole(2, 6);
  for (let tries = 0, done = 0; done < wanted && tries < triesMax; tries++) {
    const op = done === 0 && first !== undefined && tries < triesMax / 2 ? first : random.pick(Object.keys(drawers));
    const step = tryStep(random, sketch, values, op, `n${tries}`);
    if (step === undefined) continue;
    ({ sketch, values } = step);
    done++;
  }
  const read = new Set(sketch.nodes.flatMap((node) => node.inputs));
  const ends = values.filter(({ name }) => name !== 'x' && !read.has(name));
  return { seed, sketch: { ...sketch, outputs: ends.map(outputOf) }, feeds: new Map([['x', x]]), values };
}

const outputOf = ({ name, dtype }: Value) => ({ name, dtype });

function tryStep(random: Random, sketch: ModelSketch, values: Value[], op: string, prefix: string) {
  const draft = new Draft(random, values, prefix);
  try {
    drawers[op]?.(draft);
  } catch (error) {
    if (error instanceof Unsuited) return undefined;
    throw error;
  }
  const outputs = draft.nodes.flatMap((node) => node.outputs);
  const next = {
    ...sketch,
    nodes: [...sketch.nodes, ...draft.nodes],
    initializers: { ...sketch.initializers, ...draft.constants },
  };
  const added = typesOf({ ...next, outputs }, outputs, draft);
  return added === undefined ? undefined : { sketch: next, values: [...values, ...added] };
}

/** What new nodes make; undefined where onbox refuses them, or they make too much. */
function typesOf(sketch: ModelSketch, outputs: readonly string[], draft: Draft): Value[] | undefined {
  try {
    const graph = importModel(readModel(writeOnnx(sketch)));
    const types = new Map(graph.outputs.map(({ name, value }) => [name, graph.types.get(value)]));
    const values = outputs.map((name) => {
      const { dtype = 'f32', shape = [] } = types.get(name) ?? {};
      return { name, dtype, shape, exact: draft.isExact(name) };
    });
    const sizes = values.map(({ shape }) => shape.reduce((product, extent) => product * extent, 1));
    return sizes.every((size) => size > 0 && size <= elementsMax) ? values : undefined;
  } catch {
    return undefined;
  }
}

/** The part of a case that computes one value. */
export function upTo({ seed, sketch, feeds, values }: FuzzCase, name: string): FuzzCase {
  const needed = new Set([name]);
  const nodes = sketch.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((output) => needed.has(output))) return false;
    for (const input of node.inputs) needed.add(input);
    return true;
  });
  const initializers = Object.fromEntries(Object.entries(sketch.initializers ?? {}).filter(([key]) => needed.has(key)));
  const outputs = values.filter((value) => value.name === name).map(outputOf);
  return { seed, sketch: { ...sketch, outputs, nodes: nodes.toReversed(), initializers }, feeds, values };
}

/** Whether results are small enough to compare. */
export function isTame(outputs: ReadonlyMap<string, Tensor>): boolean {
  return [...outputs.values()].every(({ data }) =>
    Array.from(data as ArrayLike<number | bigint>, Number).every((value) => Math.abs(value) <= sizeMax),
  );
}

/** As ONNX's own text form writes it, with the shapes of constants in place of their numbers. */
export function printCase({ seed, sketch }: FuzzCase): string {
  const constants = Object.entries(sketch.initializers ?? {}).map(
    ([name, { dtype, shape, data }]) =>
      `  ${name}: ${dtype}[${shape}] = {${Array.from(data as ArrayLike<number>).slice(0, 16)}}`,
  );
  const line = ({ op, inputs, outputs, attributes }: NodeSketch) =>
    `  ${outputs} = ${op} <${JSON.stringify(attributes)}> (${inputs})`;
  const inputs = sketch.inputs.map(({ name, dims }) => `float[${dims}] ${name}`);
  return [
    `seed ${seed}: fuzz (${inputs}) => (${JSON.stringify(sketch.outputs)})`,
    ...constants,
    ...sketch.nodes.map(line),
  ].join('\n');
}
