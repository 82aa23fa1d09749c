// Where a module that failed its self-check goes wrong: it is built once more exactly as it is, but with a place for every value, and
// what it stores is held against the truth in the order of execution.

import type { Tensor } from '../core/tensor.js';
import type { Node } from '../graph/graph.js';
import { storedDtype } from '../graph/passes/views.js';
import { widenTensor } from '../graph/passes/widen-halves.js';
import type { Built } from './build.js';
import { errorMax, errorOf } from './compare.js';
import type { Runnable } from './manifest.js';
import type { Session } from './session.js';
import { fromStorage, storedElements } from './stored.js';

/** A value that a module computes otherwise than its truth does. */
export interface Difference {
  /** Its name in the model. */
  readonly value: string;
  /** The operators of the kernel that wrote it, as `conv+relu`. */
  readonly operators: string;
  /** See compare.ts. */
  readonly error: number;
}

/** A module that has just run. */
export interface Ran {
  readonly built: Built;
  readonly session: Session<Runnable>;
}

/** A stored value beside what the truth has of it. */
export interface ValueError extends Difference {
  readonly node: Node;
  /** Its name in the graph of the module. */
  readonly stored: string;
}

/**
 * The values of a module in the order of execution. Values that only one of the two stores are passed over: an error in one that was
 * fused away shows in the output of its kernel.
 * @param traced built with every value kept
 * @param truth after a run on the same input
 * @param inputs by name
 */
export function* valueErrors(traced: Ran, truth: Ran, inputs: ReadonlyMap<string, Tensor>): Generator<ValueError> {
  const original = new Map<string, string>();
  for (const node of traced.built.graph.nodes) {
    for (const value of node.outputs) {
      const name = node.op === 'copy' ? nameOf(original, node.inputs[0] ?? '') : value;
      original.set(value, name);
      const want = inputs.get(name) ?? readValue(truth, name);
      const got = readValue(traced, value);
      if (got === undefined || want === undefined) continue;
      yield { node, stored: value, value: name, operators: titleOf(node), error: errorOf(got, want) };
    }
  }
}

/** The first value that differs, as `valueErrors` lists them; undefined if none does. */
export function firstDifference(traced: Ran, truth: Ran, inputs: ReadonlyMap<string, Tensor>): Difference | undefined {
  for (const { value, operators, error } of valueErrors(traced, truth, inputs)) {
    if (!(error <= errorMax)) return { value, operators, error };
  }
  return undefined;
}

/** Copies bear names of their own; they stand for what they copy. */
function nameOf(original: ReadonlyMap<string, string>, value: string): string {
  return original.get(value) ?? value;
}

/** What a module has stored of a value, row-major; undefined if it stores no such value. */
export function readValue({ built: { graph, parts }, session }: Ran, value: string): Tensor | undefined {
  const type = graph.types.get(value);
  const offset = parts.offsets.get(value);
  if (type === undefined || offset === undefined) return undefined;
  const layout = graph.layouts.get(value);
  const stored = { dtype: storedDtype(graph, value), shape: type.shape };
  const elements = session.view(offset, { dtype: stored.dtype, shape: [storedElements(type, layout)] });
  const tensor = fromStorage(elements.data, stored, layout);
  return stored.dtype === type.dtype ? tensor : widenTensor(tensor);
}

function titleOf(node: Node): string {
  return (node.body ?? [node]).map(({ op }) => op).join('+');
}
