// The text of a graph. It is stable, so that its diff reads like a review, and parse.ts reads all of it back.
//
//   input x: f32[1,8,4,4]
//   constant w: f32[2] = [0.5, -1]
//   constant big: f32[64,8,3,3] = "sha256 of its bytes"
//   y: f32[1,64,4,4] block 8 border [0, 0, 0, 0] = conv(x, big, _) {group: 1, ...}
//   z: f32[1,64,4,4] halves = fused(y)
//     t: f32[1,64,4,4] = exp(y)
//     z: f32[1,64,4,4] halves = relu(t)
//   output "what the model calls it" = z

import { createHash } from 'node:crypto';
import { assert } from '../core/assert.js';
import { halfToNumber } from '../core/float16.js';
import { printType, type Tensor } from '../core/tensor.js';
import type { Attribute, Attributes, Graph, Node } from './graph.js';

/** Constants of more elements than this are printed as the hash of their bytes. */
const inlineElementsMax = 16;

/** Words of the text, which a value's name must not be mistaken for. */
const words: ReadonlySet<string> = new Set([
  '_',
  'input',
  'constant',
  'output',
  'block',
  'border',
  'halves',
  'narrow',
  'open',
  'by',
]);

/** The whole graph as text. */
export function print(graph: Graph): string {
  const lines = [
    ...graph.inputs.map((name) => `input ${printValue(graph, name)}`),
    ...[...graph.constants].map(([name, tensor]) => `constant ${printValue(graph, name)} = ${printData(tensor)}`),
    ...graph.nodes.flatMap((node) => printNode(graph, node)),
    ...graph.outputs.map(({ name, value }) => `output ${printName(name)} = ${printName(value)}${printOpen(graph, name)}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** The bytes of the constants that the text gives only as hashes, by hash: what `parse` wants besides the text. */
export function externalConstants(graph: Graph): Map<string, Uint8Array> {
  const large = [...graph.constants.values()].filter(({ data }) => data.length > inlineElementsMax);
  return new Map(large.map((tensor) => [contentHash(tensor), bytesOf(tensor)]));
}

/** SHA-256 of the bytes of a tensor, in hexadecimal. */
function contentHash(tensor: Tensor): string {
  return createHash('sha256').update(bytesOf(tensor)).digest('hex');
}

/** A node as lines; those of its body are indented. */
function printNode(graph: Graph, node: Node): string[] {
  const outputs = node.outputs.map((name) => printValue(graph, name)).join(', ');
  const inputs = node.inputs.map((name) => (name === '' ? '_' : printName(name))).join(', ');
  const head = `${outputs} = ${printName(node.op)}(${inputs})${printAttributes(node.attributes)}`;
  const body = node.body?.flatMap((inner) => printNode(graph, inner)) ?? [];
  return [head, ...body.map((line) => `  ${line}`)];
}

function printOpen(graph: Graph, output: string): string {
  const open = graph.open?.get(output);
  return open === undefined ? '' : ` open ${open.axis} by ${printName(open.count)}`;
}

/** A name with its type, its layout if it has one, and whether it is stored, and computed, in halves. */
function printValue(graph: Graph, name: string): string {
  const type = graph.types.get(name);
  assert(type !== undefined, `${JSON.stringify(name)} has no type`);
  const layout = graph.layouts.get(name);
  const suffix = layout === undefined ? '' : ` block ${layout.block} border ${printList(layout.border)}`;
  return `${printName(name)}: ${printType(type)}${suffix}${graph.halves?.has(name) ? ' halves' : ''}${graph.narrow?.has(name) ? ' narrow' : ''}`;
}

/** Bare where it cannot be mistaken, else a JSON string. */
function printName(name: string): string {
  return /^[A-Za-z_/][\w./-]*$/.test(name) && !words.has(name) ? name : JSON.stringify(name);
}

function printAttributes(attributes: Attributes): string {
  const items = Object.entries(attributes).map(([name, value]) => `${printName(name)}: ${printAttribute(value)}`);
  return items.length === 0 ? '' : ` {${items.join(', ')}}`;
}

function printAttribute(value: Attribute): string {
  return typeof value === 'object' ? printList(value) : printScalar(value);
}

function printList(items: readonly (number | string | bigint)[]): string {
  return `[${items.map(printScalar).join(', ')}]`;
}

function printScalar(value: number | string | boolean | bigint): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return Object.is(value, -0) ? '-0' : String(value);
}

function printData(tensor: Tensor): string {
  if (tensor.data.length > inlineElementsMax) return `"${contentHash(tensor)}"`;
  const elements = Array.from(tensor.data as Float64Array);
  switch (tensor.dtype) {
    case 'f16':
      return printList(elements.map(halfToNumber));
    case 'f32':
      return printList(elements.map(shortest));
    default:
      return printList(elements);
  }
}

/** The f64 of the fewest digits that is the same f32. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Object.is(Math.fround(candidate), value)) return candidate;
  }
  return value;
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
