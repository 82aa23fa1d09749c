// What must hold of every graph, before the first pass and after each one.

import { errorMessage, OnboxError } from '../core/error.js';
import { elementCount, printType, sameShape, type TensorType } from '../core/tensor.js';
import type { Graph, Node } from './graph.js';
import { operator } from './ops/index.js';

/**
 * Checks that every value is defined once and before its use (so there is no cycle), that every type is what the operators infer, that
 * every output exists, and that `fused` bodies read nothing but the inputs of their node.
 * @returns `graph` itself
 * @throws OnboxError `graph-invalid`, naming the node
 */
export function verify(graph: Graph): Graph {
  const defined = new Set<string>();
  for (const name of graph.inputs) define(graph, defined, name, 'an input');
  for (const [name, tensor] of graph.constants) {
    define(graph, defined, name, 'a constant');
    checkType(graph, name, tensor, 'a constant');
    if (tensor.data.length !== elementCount(tensor.shape)) {
      fail(`constant ${quote(name)} of type ${printType(tensor)} has ${tensor.data.length} elements`);
    }
  }
  const visible = new Set(defined);
  graph.nodes.forEach((node, index) => {
    checkNode(graph, node, defined, visible, describe(node, index));
  });
  const names = new Set<string>();
  for (const { name, value } of graph.outputs) {
    if (!visible.has(value)) fail(`output ${quote(name)} is the value ${quote(value)}, which nothing defines`);
    if (names.has(name)) fail(`two outputs are called ${quote(name)}`);
    names.add(name);
  }
  for (const [name, { axis, count }] of graph.open ?? []) {
    const [value, counted] = [name, count].map((output) => graph.outputs.find((other) => other.name === output)?.value ?? '');
    const rank = graph.types.get(value ?? '')?.shape.length ?? 0;
    if (axis >= rank || graph.types.get(counted ?? '')?.dtype !== 'i64')
      fail(`output ${quote(name)} is open, and no output counts it`);
  }
  for (const name of graph.types.keys()) if (!defined.has(name)) fail(`nothing defines ${quote(name)}, which has a type`);
  for (const name of graph.layouts.keys()) if (!defined.has(name)) fail(`nothing defines ${quote(name)}, which has a layout`);
  for (const name of graph.halves ?? []) {
    if (graph.types.get(name)?.dtype !== 'f32') fail(`${quote(name)} is stored in halves but no value of f32`);
  }
  return graph;
}

/**
 * Checks a node that may read the values in `visible`, and adds its outputs there. `defined` holds the inner values of bodies too:
 * names are unique across the graph. `where` describes the node.
 */
function checkNode(graph: Graph, node: Node, defined: Set<string>, visible: Set<string>, where: string): void {
  for (const name of node.inputs) {
    if (name !== '' && !visible.has(name)) fail(`${where} reads ${quote(name)}, which is not defined before it`);
  }
  if (node.op === 'fused') {
    checkBody(graph, node, defined, where);
  } else {
    if (node.body !== undefined) fail(`${where} has a body, which only fused nodes have`);
    checkInferred(graph, node, where);
    for (const name of node.outputs) define(graph, defined, name, where);
  }
  for (const name of node.outputs) visible.add(name);
}

function checkInferred(graph: Graph, node: Node, where: string): void {
  let types: readonly TensorType[];
  try {
    types = operator(node.op).infer(
      node.inputs.map((name) => (name === '' ? undefined : typeOf(graph, name, where))),
      node.attributes,
    );
  } catch (cause) {
    fail(`${where}: ${errorMessage(cause)}`, cause);
  }
  if (types.length !== node.outputs.length) fail(`${where} has ${node.outputs.length} outputs, its rule gives ${types.length}`);
  types.forEach((type, index) => {
    checkType(graph, node.outputs[index] as string, type, where);
  });
}

function checkBody(graph: Graph, node: Node, defined: Set<string>, where: string): void {
  if (node.body === undefined || node.body.length === 0) fail(`${where} has no body`);
  const visible = new Set(node.inputs.filter((name) => name !== ''));
  node.body.forEach((inner, index) => {
    checkNode(graph, inner, defined, visible, `${where}, ${describe(inner, index)}`);
  });
  const results = new Set(node.body.flatMap((inner) => inner.outputs));
  for (const name of node.outputs) if (!results.has(name)) fail(`${where}: its body does not define its output ${quote(name)}`);
}

function define(graph: Graph, defined: Set<string>, name: string, where: string): void {
  if (name === '') fail(`${where} has no name`);
  if (defined.has(name)) fail(`${quote(name)} is defined twice, the second time by ${where}`);
  typeOf(graph, name, where);
  defined.add(name);
}

function checkType(graph: Graph, name: string, want: TensorType, where: string): void {
  const got = typeOf(graph, name, where);
  if (got.dtype !== want.dtype || !sameShape(got.shape, want.shape)) {
    fail(`${where}: ${quote(name)} is ${printType(want)}, its type says ${printType(got)}`);
  }
}

function typeOf(graph: Graph, name: string, where: string): TensorType {
  return graph.types.get(name) ?? fail(`${where}: ${quote(name)} has no type`);
}

function describe(node: Node, index: number): string {
  return `node ${index} (${node.op} -> ${node.outputs.map(quote).join(', ')})`;
}

function quote(name: string): string {
  return JSON.stringify(name);
}

function fail(message: string, cause?: unknown): never {
  throw new OnboxError(message, { code: 'graph-invalid', cause });
}
