// Shared by the tests of passes: text before, text after, and proof that both compute the same.

import { elementCount, type Tensor } from '../../../runtime/core/tensor.js';
import { evaluate } from '../../../runtime/graph/evaluate.js';
import type { Graph } from '../../../runtime/graph/graph.js';
import { parse } from '../../../runtime/graph/parse.js';
import { print } from '../../../runtime/graph/print.js';
import { verify } from '../../../runtime/graph/verify.js';

/** The text with the indentation of its first line taken off every line. */
export function dedent(text: string): string {
  const lines = text.replace(/^\n|\n\s*$/g, '').split('\n');
  const indent = /^ */.exec(lines[0] ?? '')?.[0].length ?? 0;
  return lines.map((line) => `${line.slice(indent)}\n`).join('');
}

/** Runs a pass on a graph's text and returns the text of the result; both compute the same, and a second run changes nothing. */
export function after(pass: (graph: Graph) => Graph, text: string): string {
  const before = verify(parse(dedent(text)));
  const result = verify(pass(before));
  expectSame(before, result);
  expect(pass(result)).toBe(result);
  return print(result);
}

/** That a pass leaves a graph alone, by returning the very same object. */
export function expectUnchanged(pass: (graph: Graph) => Graph, text: string): void {
  const graph = verify(parse(dedent(text)));
  expect(pass(graph)).toBe(graph);
}

/** Outputs agree within `tolerance` of the largest magnitude of each. */
export function expectSame(a: Graph, b: Graph, tolerance = 1e-6): void {
  const feeds = new Map(a.inputs.map((name, index) => [name, waves(a, name, index)]));
  const [want, got] = [evaluate(a, feeds), evaluate(b, feeds)];
  expect([...got.keys()]).toEqual([...want.keys()]);
  for (const [name, tensor] of want) expect(differenceOf(tensor, got.get(name) as Tensor)).toBeLessThanOrEqual(tolerance);
}

/** The largest difference over the largest magnitude of `want`. */
export function differenceOf(want: Tensor, got: Tensor): number {
  expect(got.shape).toEqual(want.shape);
  let [magnitude, difference] = [1e-20, 0];
  for (let index = 0; index < want.data.length; index++) {
    const value = Number(want.data[index]);
    magnitude = Math.max(magnitude, Math.abs(value));
    const gap = Math.abs(value - Number(got.data[index]));
    difference = Math.max(difference, Number.isNaN(gap) ? Infinity : gap);
  }
  return difference / magnitude;
}

/** A smooth input between -4 and 4 in which no two neighbours are equal. */
function waves(graph: Graph, name: string, seed: number): Tensor {
  const shape = graph.types.get(name)?.shape ?? [];
  const data = Float32Array.from({ length: elementCount(shape) }, (_, index) => 4 * Math.sin(1.7 * index + seed));
  return { dtype: 'f32', shape, data };
}
