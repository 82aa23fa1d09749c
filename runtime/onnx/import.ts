// ONNX model → graph. Binds symbolic dimensions, then translates node after node (ops/ has one file an operator family); what
// depends on shapes and constants alone is computed on the way.

import { errorCode, errorMessage, OnboxError } from '../core/error.js';
import { elementCount, type Shape } from '../core/tensor.js';
import type { Graph } from '../graph/graph.js';
import { elementsMax } from '../graph/rules.js';
import { OnnxCall } from './call.js';
import { adviseCut } from './cut.js';
import { GraphWriter, type Value } from './graph-writer.js';
import { type OnnxModel, type OnnxNode, type OnnxValue, quote } from './model.js';
import { importerOf } from './ops/index.js';

/** Older opsets broadcast by attribute; newer ones than these may have changed what an operator means. */
const opsetMin = 7;
const opsetMax = 25;
/** Operators that meant the same in opsets 1 to 6. */
const steady: ReadonlySet<string> = new Set(
  (
    'Abs AveragePool Ceil Conv ConvTranspose DepthToSpace Elu Exp Flatten Floor GlobalAveragePool GlobalMaxPool Identity LRN LeakyRelu Log ' +
    'LogSoftmax MaxPool Neg Not Reciprocal Relu Shape Sigmoid Size Softmax Softplus Softsign SpaceToDepth Sqrt Squeeze Tanh Transpose Unsqueeze'
  ).split(' '),
);
const namesInMessage = 3;
const namesInDetails = 10;

export interface ImportOptions {
  /** Shapes of inputs by name, for dimensions that the model leaves open. */
  readonly inputs?: Readonly<Record<string, Shape>>;
}

export interface UnsupportedOperator {
  readonly op: string;
  readonly domain: string;
  /** Names of the nodes, or of their first output where a node has none. */
  readonly nodes: readonly string[];
}

/** The nodes that onbox cannot translate, whatever their inputs are. */
export function untranslatable(model: OnnxModel): OnnxNode[] {
  return model.nodes.filter((node) => !isKnown(node));
}

/** The operators of a model that onbox cannot translate, in order of appearance. */
export function unsupported(model: OnnxModel): UnsupportedOperator[] {
  const found = new Map<string, { op: string; domain: string; nodes: string[] }>();
  for (const node of untranslatable(model)) {
    const entry = found.get(printOperator(node)) ?? { op: node.op, domain: node.domain, nodes: [] };
    entry.nodes.push(nodeName(node));
    found.set(printOperator(node), entry);
  }
  return [...found.values()];
}

/**
 * Translates a model into the graph IR. Every value keeps the name that the model gives it.
 * A dimension that neither the model nor `options` fixes is 1 if it is the first (the batch).
 * @throws OnboxError `unsupported-operators` with `details.operators`; `dimension-unbound`, `input-unknown`, `input-mismatch`
 *   for shapes; `shape-data-dependent` with `details.node`, an index of the model's nodes; `opset-unsupported`; `model-invalid`; `op-invalid` naming the node; `fold-too-large`; `dtype-unsupported`
 */
export function importModel(model: OnnxModel, options: ImportOptions = {}): Graph {
  const opset = checkOpset(model);
  checkOperators(model);
  const shapes = new Map(Object.entries(options.inputs ?? {}));
  for (const name of shapes.keys()) {
    if (!model.inputs.some((input) => input.name === name)) {
      const known = model.inputs.map((input) => quote(input.name)).join(', ');
      throw new OnboxError(`the model has no input ${quote(name)}; its inputs are ${known}`, { code: 'input-unknown' });
    }
  }

  const writer = new GraphWriter();
  const scope = new Map<string, Value>();
  for (const [name, tensor] of model.initializers) scope.set(name, writer.addConstant(tensor, name));
  for (const input of model.inputs) {
    if (scope.has(input.name)) throw duplicate(input.name);
    if (!input.dtype) {
      throw new OnboxError(`input ${quote(input.name)} is ${input.typeText}, which onbox does not have`, {
        code: 'dtype-unsupported',
      });
    }
    scope.set(input.name, writer.addInput(input.name, { dtype: input.dtype, shape: bindShape(input, shapes.get(input.name)) }));
  }
  for (const node of model.nodes) {
    refuseNibbles(model, node);
    try {
      importNode(node, scope, opset, writer);
    } catch (cause) {
      const code = errorCode(cause);
      if (code !== 'shape-data-dependent') throw cause;
      const details = { node: model.nodes.indexOf(node) };
      throw new OnboxError(`${errorMessage(cause)}${adviseCut(model, [node])}`, { code, cause, details });
    }
  }
  const outputs = model.outputs.map(({ name }) => {
    const value = scope.get(name);
    if (!value) throw new OnboxError(`nothing computes the output ${quote(name)}`, { code: 'model-invalid' });
    return { name, value };
  });
  return writer.finish(outputs, new Set(scope.keys()));
}

function importNode(node: OnnxNode, scope: Map<string, Value>, opset: number, writer: GraphWriter): void {
  const inputs = node.inputs.map((name) => {
    const value = scope.get(name);
    if (name !== '' && !value) {
      throw new OnboxError(`${printNode(node)} reads ${quote(name)}, which nothing before it computes`, {
        code: 'model-invalid',
      });
    }
    return value;
  });
  writer.beginNode(nodeName(node));
  const results = translate(node, new OnnxCall(node, inputs, opset, writer));
  node.outputs.forEach((name, index) => {
    const value = results[index];
    // Outputs that only training needs are named by some exporters and read by nobody.
    if (name === '' || !value) return;
    if (scope.has(name)) throw duplicate(name);
    value.name ??= name;
    scope.set(name, value);
  });
}

/**
 * Numbers of 4 bits are held in 8, which is no matter where they become others; an operator that made new ones would not stop at their
 * limits.
 */
function refuseNibbles(model: OnnxModel, node: OnnxNode): void {
  if (node.op === 'Cast' || node.op === 'DequantizeLinear') return;
  const name = node.inputs.find((input) => model.nibbles.has(input));
  if (name === undefined) return;
  throw new OnboxError(`${printNode(node)} reads ${quote(name)}, of numbers of 4 bits: only Cast and DequantizeLinear can`, {
    code: 'dtype-unsupported',
  });
}

function translate(node: OnnxNode, call: OnnxCall): readonly Value[] {
  try {
    const result = importerOf(node)?.(call) ?? [];
    return 'type' in result ? [result] : result;
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'internal') throw cause;
    throw new OnboxError(`${printNode(node)}: ${errorMessage(cause)}`, { code, cause });
  }
}

function checkOpset(model: OnnxModel): number {
  const opset = model.opsets.get('') ?? 1;
  const isOldButSteady =
    opset >= 1 && opset < opsetMin && model.nodes.every(({ op, domain }) => domain === '' && steady.has(op));
  if ((opset < opsetMin && !isOldButSteady) || opset > opsetMax) {
    throw new OnboxError(`the model uses opset ${opset}; opsets ${opsetMin} to ${opsetMax} are supported`, {
      code: 'opset-unsupported',
    });
  }
  return opset;
}

function checkOperators(model: OnnxModel): void {
  const missing = unsupported(model);
  if (missing.length === 0) return;
  const operators = missing.map(({ op, domain, nodes }) => ({
    op,
    domain,
    count: nodes.length,
    nodes: nodes.slice(0, namesInDetails),
  }));
  const list = missing.map((operator) => {
    const some = operator.nodes.slice(0, namesInMessage).map(quote).join(', ');
    return `${printOperator(operator)} (${operator.nodes.length}: ${some}${operator.nodes.length > namesInMessage ? ', …' : ''})`;
  });
  const advice = adviseCut(model, untranslatable(model));
  throw new OnboxError(`operators that onbox lacks: ${list.join('; ')}${advice}`, {
    code: 'unsupported-operators',
    details: { operators },
  });
}

function isKnown(node: OnnxNode): boolean {
  return importerOf(node) !== undefined;
}

function bindShape(input: OnnxValue, given: Shape | undefined): Shape {
  const { dims } = input;
  const name = quote(input.name);
  if (given && dims && given.length !== dims.length) {
    throw new OnboxError(`input ${name} has rank ${dims.length}, the given shape ${given.join('x')} has ${given.length}`, {
      code: 'input-mismatch',
    });
  }
  if (!dims && !given) throw unbound(input, 'its shape', ['…']);
  const shape = (dims ?? given ?? []).map((dim, axis) => {
    const fixed = typeof dim === 'number' && dim > 0;
    const wanted = given?.[axis];
    if (fixed && wanted !== undefined && wanted !== dim) {
      throw new OnboxError(`input ${name} has extent ${dim} at axis ${axis}, the given shape says ${wanted}`, {
        code: 'input-mismatch',
      });
    }
    const extent = wanted ?? (fixed ? dim : axis === 0 ? 1 : undefined);
    if (extent === undefined) {
      const what = typeof dim === 'string' ? `dimension ${quote(dim)} (axis ${axis})` : `the dimension of axis ${axis}`;
      throw unbound(
        input,
        what,
        (dims ?? []).map((other, index) => (typeof other === 'number' && other > 0 ? String(other) : index === 0 ? '1' : 'N')),
      );
    }
    return extent;
  });
  if (!shape.every((extent) => Number.isInteger(extent) && extent > 0) || elementCount(shape) > elementsMax) {
    throw new OnboxError(`input ${name} cannot have the shape ${shape.join('x')}`, { code: 'input-mismatch' });
  }
  return shape;
}

function unbound(input: OnnxValue, what: string, example: readonly string[]): OnboxError {
  return new OnboxError(
    `${what} of input ${quote(input.name)} is open; give --input ${quote(input.name)}=${example.join('x')}`,
    {
      code: 'dimension-unbound',
      details: { input: input.name },
    },
  );
}

function duplicate(name: string): OnboxError {
  return new OnboxError(`two values are named ${quote(name)}`, { code: 'model-invalid' });
}

function nodeName(node: OnnxNode): string {
  return node.name || node.outputs.find((output) => output !== '') || node.op;
}

function printOperator(operator: { readonly op: string; readonly domain: string }): string {
  const text = operator.domain === '' ? operator.op : `${operator.domain}.${operator.op}`;
  return quote(text).slice(1, -1);
}

function printNode(node: OnnxNode): string {
  return `${printOperator(node)} ${quote(nodeName(node))}`;
}
