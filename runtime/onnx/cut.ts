// Ends a model before its own outputs, and finds where that must be: at what onbox cannot translate, and at what gives as many numbers
// as the data says. Graph surgery on the plain data of model.ts; nothing is translated here.

import { OnboxError } from '../core/error.js';
import { type OnnxModel, type OnnxNode, type OnnxValue, quote } from './model.js';

/** The part of a model that begins at some of its nodes. */
export interface Tail {
  readonly nodes: ReadonlySet<OnnxNode>;
  /** Values that it reads from the rest of the model and that depend on the model's inputs, in order of appearance. */
  readonly frontier: readonly string[];
}

/** Cuts that are shown to a person. */
const shownMax = 4;

/**
 * The model that ends at the values `ends`: they are its outputs, and what they do not need is gone, inputs included.
 * @throws OnboxError `cut-unknown` for a value that no node computes
 */
export function cutModel(model: OnnxModel, ends: readonly string[]): OnnxModel {
  const producers = producersOf(model);
  const needed = new Set<string>();
  const nodes = new Set<OnnxNode>();
  const open = [...ends];
  for (const end of ends) {
    if (!producers.has(end))
      throw new OnboxError(`no node computes ${quote(end)}, where the model is to be cut`, { code: 'cut-unknown' });
  }
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (needed.has(name)) continue;
    needed.add(name);
    const node = producers.get(name);
    if (node === undefined) continue;
    nodes.add(node);
    open.push(...node.inputs);
  }
  const outputs = [...new Set(ends)].map((name): OnnxValue => ({ name, dtype: undefined, typeText: '?', dims: undefined }));
  return {
    ...model,
    inputs: model.inputs.filter(({ name }) => needed.has(name)),
    outputs,
    nodes: model.nodes.filter((node) => nodes.has(node)),
    initializers: new Map([...model.initializers].filter(([name]) => needed.has(name))),
  };
}

/** `roots` and every node that depends on one of them. */
export function tailOf(model: OnnxModel, roots: readonly OnnxNode[]): Tail {
  const nodes = new Set(roots);
  const inside = new Set(roots.flatMap((node) => node.outputs));
  for (const node of model.nodes) {
    if (!node.inputs.some((name) => name !== '' && inside.has(name))) continue;
    nodes.add(node);
    for (const name of node.outputs) inside.add(name);
  }
  const fed = reachable(model, new Set());
  const read = [...nodes].flatMap((node) => node.inputs);
  return { nodes, frontier: [...new Set(read)].filter((name) => name !== '' && fed.has(name) && !inside.has(name)) };
}

/** Shapes are static: what a node makes of a shape is known at import. */
const shapesOnly: ReadonlySet<string> = new Set(['Shape', 'Size']);

/** The values that depend on the content of the model's inputs by a way that leads around the values `blocked`. */
export function reachable(model: OnnxModel, blocked: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set(model.inputs.map(({ name }) => name).filter((name) => !blocked.has(name)));
  for (const node of model.nodes) {
    if (shapesOnly.has(node.op) || !node.inputs.some((name) => found.has(name))) continue;
    for (const name of node.outputs) if (name !== '' && !blocked.has(name)) found.add(name);
  }
  return found;
}

/** How to compile the rest of a model whose `roots` cannot be: a sentence, or nothing where no node comes before them. */
export function adviseCut(model: OnnxModel, roots: readonly OnnxNode[]): string {
  const producers = producersOf(model);
  const ends = tailOf(model, roots).frontier.filter((name) => producers.has(name));
  if (ends.length === 0 || ends.length > shownMax) return '';
  return `; to compile what comes before, give ${ends.map((name) => `--cut ${quote(name)}`).join(' ')}`;
}

/** The node that computes each value. */
export function producersOf(model: OnnxModel): ReadonlyMap<string, OnnxNode> {
  return new Map(
    model.nodes.flatMap((node) => node.outputs.filter((name) => name !== '').map((name) => [name, node] as const)),
  );
}
