// Builds small ONNX models in memory, for tests and benchmarks that must not depend on files.

import { onnx } from 'onnx-proto';
import type { Dtype, Tensor } from '../../runtime/core/tensor.js';
import { dtypeByCode } from '../../runtime/onnx/model.js';

/** Whole numbers are written as INT or INTS, others as FLOAT or FLOATS; `float` and `floats` force the latter. */
export type AttributeSketch =
  | number
  | string
  | Tensor
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };

export interface NodeSketch {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSketch>>;
  readonly name?: string;
  readonly domain?: string;
}

export interface ValueSketch {
  readonly name: string;
  readonly dtype?: Dtype;
  /** A string is a symbolic dimension. Left out: the model states no shape. */
  readonly dims?: readonly (number | string)[];
}

export interface ModelSketch {
  readonly inputs: readonly ValueSketch[];
  readonly outputs: readonly (string | ValueSketch)[];
  readonly nodes: readonly NodeSketch[];
  readonly initializers?: Readonly<Record<string, Tensor>>;
  readonly opset?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The bytes of an ONNX model; dtypes are f32 and the opset is 17 unless given. */
export function writeOnnx(sketch: ModelSketch): Uint8Array {
  const initializer = Object.entries(sketch.initializers ?? {}).map(([name, tensor]) => tensorProto(tensor, name));
  return onnx.ModelProto.encode({
    irVersion: 8,
    producerName: 'onbox-test',
    opsetImport: [
      { domain: '', version: sketch.opset ?? 17 },
      ...[...new Set(sketch.nodes.map(({ domain = '' }) => domain))].filter(Boolean).map((domain) => ({ domain, version: 1 })),
    ],
    metadataProps: Object.entries(sketch.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'test',
      input: sketch.inputs.map(valueProto),
      output: sketch.outputs.map((output) => valueProto(typeof output === 'string' ? { name: output } : output)),
      node: sketch.nodes.map((node) => ({
        opType: node.op,
        name: node.name ?? '',
        domain: node.domain ?? '',
        input: [...node.inputs],
        output: [...node.outputs],
        attribute: Object.entries(node.attributes ?? {}).map(([name, value]) => attributeProto(name, value)),
      })),
      initializer,
    },
  }).finish();
}

function tensorProto({ dtype, shape, data }: Tensor, name: string): onnx.ITensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims: [...shape], dataType: codeOf(dtype), rawData };
}

function valueProto({ name, dtype = 'f32', dims }: ValueSketch): onnx.IValueInfoProto {
  const elemType = codeOf(dtype);
  const dim = dims?.map((extent) => (typeof extent === 'string' ? { dimParam: extent } : { dimValue: extent }));
  return { name, type: { tensorType: dim ? { elemType, shape: { dim } } : { elemType } } };
}

function codeOf(dtype: Dtype): number {
  return Number(Object.keys(dtypeByCode).find((code) => dtypeByCode[Number(code)] === dtype));
}

function attributeProto(name: string, value: AttributeSketch): onnx.IAttributeProto {
  const types = onnx.AttributeProto.AttributeType;
  const utf8 = (text: string) => new TextEncoder().encode(text);
  if (typeof value === 'string') return { name, type: types.STRING, s: utf8(value) };
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { name, type: types.INT, i: value } : { name, type: types.FLOAT, f: value };
  }
  if ('float' in value) return { name, type: types.FLOAT, f: value.float };
  if ('floats' in value) return { name, type: types.FLOATS, floats: [...value.floats] };
  if ('dtype' in value) return { name, type: types.TENSOR, t: tensorProto(value, name) };
  if (value.length > 0 && typeof value[0] === 'string') {
    return { name, type: types.STRINGS, strings: (value as readonly string[]).map(utf8) };
  }
  const numbers = value as readonly number[];
  return numbers.every(Number.isInteger)
    ? { name, type: types.INTS, ints: [...numbers] }
    : { name, type: types.FLOATS, floats: [...numbers] };
}
