// Writes the graph while a model is imported: infers the type of every result, and computes at once what depends on constants
// alone, so that Shape → Gather → Concat → Reshape chains end as plain numbers.

import { OnboxError } from '../core/error.js';
import { dtypeBytes, elementCount, printType, type Tensor, type TensorType } from '../core/tensor.js';
import type { Attributes, Graph, GraphOutput, Node, OpenExtent } from '../graph/graph.js';
import { operator } from '../graph/ops/index.js';
import { type Open, openOf } from './open-extent.js';

/** A value of the graph to be. It gets its final name last, so that the model's own names win. */
export interface Value {
  readonly type: TensorType;
  /** Its content, where it is known at import. */
  readonly constant: Tensor | undefined;
  /** What its name begins with if the model does not name it. */
  readonly base: string;
  name: string | undefined;
  /** Absent: every extent is that of its type. */
  open?: Open;
}

interface PendingNode {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

const foldedBytesMax = 64 * 2 ** 20;
const foldedTotalBytesMax = 2 ** 30;

export class GraphWriter {
  readonly #nodes: PendingNode[] = [];
  readonly #inputs: Value[] = [];
  #foldedBytes = 0;
  #base = '';

  /** Values that are added from here on, and that the model does not name, are called after `base`. */
  beginNode(base: string): void {
    this.#base = base;
  }

  addInput(name: string, type: TensorType): Value {
    const value = { type, constant: undefined, base: name, name };
    this.#inputs.push(value);
    return value;
  }

  /** A constant that the model holds itself. */
  addConstant(tensor: Tensor, name?: string): Value {
    return { type: { dtype: tensor.dtype, shape: tensor.shape }, constant: tensor, base: `${this.#base}/constant`, name };
  }

  /**
   * Claims memory for a value that is computed at import from `sourceBytes` of other constants.
   * @throws OnboxError `fold-too-large` if it is larger than they are and than 64 MiB, or if all such values exceed 1 GiB
   */
  claimFold(type: TensorType, sourceBytes = 0): void {
    const bytes = bytesOf(type);
    this.#foldedBytes += bytes;
    if (bytes > Math.max(foldedBytesMax, sourceBytes) || this.#foldedBytes > foldedTotalBytesMax) {
      throw new OnboxError(
        `a constant ${printType(type)} of ${bytes} bytes would be computed at import; at most ${foldedBytesMax} bytes for one ` +
          `and ${foldedTotalBytesMax} for all are allowed`,
        { code: 'fold-too-large' },
      );
    }
  }

  /**
   * Adds an operator, or its results where every input is constant.
   * @throws OnboxError `op-invalid` if the inputs do not suit it, `fold-too-large`
   */
  add(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes): Value[] {
    const { infer, evaluate } = operator(op);
    const types = infer(
      inputs.map((input) => input?.type),
      attributes,
    );
    if (inputs.every((input) => input === undefined || input.constant !== undefined)) {
      const sourceBytes = inputs.reduce((sum, input) => sum + (input ? bytesOf(input.type) : 0), 0);
      for (const type of types) this.claimFold(type, sourceBytes);
      const constants = inputs.map((input) => input?.constant);
      return evaluate(constants, attributes, types).map((tensor) => this.addConstant(tensor));
    }
    const outputs = types.map((type): Value => ({ type, constant: undefined, base: `${this.#base}/${op}`, name: undefined }));
    this.#nodes.push({ op, inputs, outputs, attributes });
    for (const output of outputs) {
      const open = openOf(op, { inputs, attributes, type: output.type });
      if (open !== undefined) output.open = open;
    }
    return outputs;
  }

  /**
   * The graph, with the constants that something reads.
   * @param taken names that no invented name may equal
   */
  finish(outputs: readonly { readonly name: string; readonly value: Value }[], taken: ReadonlySet<string>): Graph {
    const names = new Set(taken);
    const types = new Map<string, TensorType>();
    const constants = new Map<string, Tensor>();
    const use = (value: Value): string => {
      value.name ??= freshName(value.base, names);
      types.set(value.name, value.type);
      if (value.constant) constants.set(value.name, value.constant);
      return value.name;
    };
    const inputs = this.#inputs.map(use);
    const nodes = this.#nodes.map(
      (node): Node => ({
        op: node.op,
        inputs: node.inputs.map((input) => (input === undefined ? '' : use(input))),
        outputs: node.outputs.map(use),
        attributes: node.attributes,
      }),
    );
    const graphOutputs = outputs.map(({ name, value }): GraphOutput => ({ name, value: use(value) }));
    const open = new Map<string, OpenExtent>();
    for (const { name, value } of outputs) {
      if (value.open === undefined) continue;
      const count = freshName(`${name}/count`, names);
      graphOutputs.push({ name: count, value: use(value.open.count) });
      open.set(name, { axis: value.open.axis, count });
    }
    const graph = { inputs, outputs: graphOutputs, nodes, types, constants, layouts: new Map() };
    return open.size === 0 ? graph : { ...graph, open };
  }
}

function bytesOf(type: TensorType): number {
  return elementCount(type.shape) * dtypeBytes(type.dtype);
}

/** `base`, or `base` with the first number that makes it unique; remembers it. */
function freshName(base: string, names: Set<string>): string {
  let name = base;
  for (let suffix = 1; names.has(name); suffix++) name = `${base}.${suffix}`;
  names.add(name);
  return name;
}
