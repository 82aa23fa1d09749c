// Reads back what print.ts writes, all of it. It checks the form only; whether the graph holds together is for `verify` to say.

import { OnboxError } from '../core/error.js';
import {
  type Dtype,
  dtypeBytes,
  elementCount,
  type Tensor,
  type TensorData,
  type TensorType,
  viewBytes,
} from '../core/tensor.js';
import type { Attribute, Attributes, Graph, GraphOutput, Layout, Node, OpenExtent } from './graph.js';
import { dtypes, isBig, tensorFrom } from './numbers.js';
import { checkedType } from './rules.js';
import { Scanner } from './scanner.js';

/** A graph in the making. */
interface Draft {
  readonly inputs: string[];
  readonly outputs: GraphOutput[];
  readonly types: Map<string, TensorType>;
  readonly constants: Map<string, Tensor>;
  readonly layouts: Map<string, Layout>;
  readonly open: Map<string, OpenExtent>;
  readonly halves: Set<string>;
  readonly narrow: Set<string>;
  readonly external: ReadonlyMap<string, Uint8Array>;
}

/** A node whose body is still being read. */
interface OpenNode extends Omit<Node, 'body'> {
  readonly body: OpenNode[];
}

/**
 * @param external bytes of the constants that the text gives as hashes, as `externalConstants` gives them
 * @throws OnboxError `graph-text` with the line, if the text is not of this form or a constant is not there
 */
export function parse(text: string, external: ReadonlyMap<string, Uint8Array> = new Map()): Graph {
  const empty = {
    inputs: [],
    outputs: [],
    types: new Map(),
    constants: new Map(),
    layouts: new Map(),
    open: new Map(),
    halves: new Set<string>(),
    narrow: new Set<string>(),
  };
  const draft: Draft = { ...empty, external };
  const nodes: OpenNode[] = [];
  /** The bodies into which a line of each depth of indentation goes. */
  const bodies = [nodes];
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const scanner: Scanner = new Scanner(line, index + 1);
    const depth = (line.length - line.trimStart().length) / 2;
    const body = bodies[depth];
    if (body === undefined) scanner.fail('is indented too far');
    bodies.length = depth + 1;
    const node = parseLine(scanner, draft);
    scanner.end();
    if (node === undefined) return;
    body.push(node);
    bodies.push(node.body);
  });
  const { inputs, outputs, types, constants, layouts, open, halves, narrow } = draft;
  const graph = { inputs, outputs, nodes: nodes.map(close), types, constants, layouts };
  return {
    ...graph,
    ...(open.size === 0 ? {} : { open }),
    ...(halves.size === 0 ? {} : { halves }),
    ...(narrow.size === 0 ? {} : { narrow }),
  };
}

function close({ op, inputs, outputs, attributes, body }: OpenNode): Node {
  const node = { op, inputs, outputs, attributes };
  return body.length === 0 ? node : { ...node, body: body.map(close) };
}

/** @returns the node, if the line is one */
function parseLine(scanner: Scanner, draft: Draft): OpenNode | undefined {
  if (scanner.accept('input')) {
    draft.inputs.push(parseValue(scanner, draft));
  } else if (scanner.accept('constant')) {
    const name = parseValue(scanner, draft);
    scanner.expect('=');
    draft.constants.set(name, parseConstant(scanner, draft.types.get(name) as TensorType, draft.external));
  } else if (scanner.accept('output')) {
    const name = scanner.name();
    scanner.expect('=');
    draft.outputs.push({ name, value: scanner.name() });
    if (scanner.accept('open')) {
      const axis = Number(scanner.number());
      scanner.expect('by');
      draft.open.set(name, { axis, count: scanner.name() });
    }
  } else {
    return parseNode(scanner, draft);
  }
  return undefined;
}

function parseNode(scanner: Scanner, draft: Draft): OpenNode {
  const outputs = scanner.list('=', () => parseValue(scanner, draft));
  const op = scanner.name();
  scanner.expect('(');
  const inputs = scanner.list(')', () => (scanner.accept('_') ? '' : scanner.name()));
  return { op, inputs, outputs, attributes: scanner.accept('{') ? parseAttributes(scanner) : {}, body: [] };
}

/** A name with its type and how it is stored, which go into the draft. */
function parseValue(scanner: Scanner, draft: Draft): string {
  const name = scanner.name();
  scanner.expect(':');
  const word = scanner.name();
  const dtype: Dtype = dtypes.find((candidate) => candidate === word) ?? scanner.fail(`has no dtype ${word}`);
  scanner.expect('[');
  const shape = scanner.list(']', () => Number(scanner.number()));
  draft.types.set(name, checkedType('graph text', dtype, shape));
  if (scanner.accept('block')) {
    const block = Number(scanner.number());
    scanner.expect('border');
    scanner.expect('[');
    const border = scanner.list(']', () => Number(scanner.number()));
    if (border.length !== 4) scanner.fail('wants a border of 4 numbers');
    draft.layouts.set(name, { block, border: border as [number, number, number, number] });
  }
  if (scanner.accept('halves')) draft.halves.add(name);
  if (scanner.accept('narrow')) draft.narrow.add(name);
  return name;
}

function parseAttributes(scanner: Scanner): Attributes {
  const entries = scanner.list('}', (): [string, Attribute] => {
    const name = scanner.name();
    scanner.expect(':');
    return [name, parseAttribute(scanner)];
  });
  return Object.fromEntries(entries);
}

function parseAttribute(scanner: Scanner): Attribute {
  if (scanner.accept('true')) return true;
  if (scanner.accept('false')) return false;
  if (scanner.accept('[')) return scanner.list(']', () => parseScalar(scanner)) as readonly number[] | readonly string[];
  return parseScalar(scanner);
}

function parseScalar(scanner: Scanner): number | string {
  return scanner.peek()?.startsWith('"') ? scanner.string() : Number(scanner.number());
}

function parseConstant(scanner: Scanner, type: TensorType, external: ReadonlyMap<string, Uint8Array>): Tensor {
  if (!scanner.accept('[')) return externalConstant(scanner.string(), type, external);
  const texts = scanner.list(']', () => (isBig(type.dtype) ? scanner.integer() : scanner.number()));
  const want = elementCount(type.shape);
  if (texts.length !== want) scanner.fail(`wants ${want} elements of the constant and has ${texts.length}`);
  return { ...type, data: elementsOf(type, texts) };
}

function elementsOf(type: TensorType, texts: readonly string[]): TensorData {
  if (!isBig(type.dtype)) return tensorFrom(type, Float64Array.from(texts, Number)).data;
  return type.dtype === 'i64' ? BigInt64Array.from(texts, BigInt) : BigUint64Array.from(texts, BigInt);
}

function externalConstant(hash: string, type: TensorType, external: ReadonlyMap<string, Uint8Array>): Tensor {
  const bytes = external.get(hash);
  const want = elementCount(type.shape) * dtypeBytes(type.dtype);
  if (bytes?.byteLength !== want) {
    const got = bytes === undefined ? 'none are there' : `there are ${bytes.byteLength}`;
    throw new OnboxError(`constant ${JSON.stringify(hash)} wants ${want} bytes, ${got}`, { code: 'graph-text' });
  }
  return { ...type, data: viewBytes(type.dtype, bytes) };
}
