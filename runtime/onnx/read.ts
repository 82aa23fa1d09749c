// Decodes ONNX protobuf into plain data. The only file that knows onnx-proto; its classes and Longs do not leave it.

import { onnx } from 'onnx-proto';
import { OnboxError } from '../core/error.js';
import { allocate, type Dtype, dtypeBytes, type Tensor, type TensorData, viewBytes } from '../core/tensor.js';
import { elementsMax } from '../graph/rules.js';
import {
  dtypeByCode,
  nibbleByCode,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxValue,
  quote,
  typeName,
} from './model.js';
import { scan } from './scan.js';

const nodesMax = 100_000;
const initializersMax = 100_000;
const nameCharactersMax = 4096;
const rankMax = 32;

type Int64 = number | { readonly low: number; readonly high: number };

/**
 * Decodes an ONNX model. Reads nothing but `bytes`.
 * @param bytes ModelProto; nothing of it is kept
 * @throws OnboxError `model-invalid` for what is not a whole, sane ModelProto; `external-data` if an initializer lives in another
 *   file; `dtype-unsupported` for strings, complex and the like
 */
export function readModel(bytes: Uint8Array): OnnxModel {
  scan(bytes, 'model');
  const model = decode('model', () => onnx.ModelProto.decode(bytes));
  const graph = model.graph;
  if (!graph) throw invalid('it holds no graph');
  const nodes = graph.node ?? [];
  const tensors = graph.initializer ?? [];
  if (nodes.length > nodesMax) throw invalid(`${nodes.length} nodes, more than ${nodesMax}`);
  if (tensors.length > initializersMax) throw invalid(`${tensors.length} initializers, more than ${initializersMax}`);
  if (graph.sparseInitializer?.length) throw invalid('sparse initializers are not supported');

  const initializers = new Map<string, Tensor>();
  for (const tensor of tensors) {
    const name = checkedName(tensor.name, 'an initializer');
    if (initializers.has(name)) throw invalid(`two initializers are named ${quote(name)}`);
    initializers.set(name, decodeTensor(tensor, `initializer ${quote(name)}`, 'model-invalid'));
  }
  return {
    irVersion: toNumber(model.irVersion ?? 0),
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
    opsets: new Map((model.opsetImport ?? []).map((opset) => [plainDomain(opset.domain), toNumber(opset.version ?? 0)])),
    metadata: new Map((model.metadataProps ?? []).map((entry) => [entry.key ?? '', entry.value ?? ''])),
    graphName: graph.name ?? '',
    inputs: (graph.input ?? []).map(decodeValue).filter((input) => !initializers.has(input.name)),
    outputs: (graph.output ?? []).map(decodeValue),
    nodes: nodes.map(decodeNode),
    initializers,
    nibbles: new Set([
      ...tensors.filter(({ dataType }) => nibbleByCode[dataType ?? 0]).map(({ name }) => name ?? ''),
      ...(graph.input ?? []).filter(({ type }) => nibbleByCode[type?.tensorType?.elemType ?? 0]).map(({ name }) => name ?? ''),
    ]),
  };
}

/**
 * Decodes a TensorProto, as in `test_data_set_0/input_0.pb`.
 * @throws OnboxError `tensor-invalid`, `external-data` or `dtype-unsupported`
 */
export function readTensor(bytes: Uint8Array): Tensor {
  scan(bytes, 'tensor');
  const proto = decode('tensor', () => onnx.TensorProto.decode(bytes));
  return decodeTensor(proto, `tensor ${quote(proto.name ?? '')}`, 'tensor-invalid');
}

/** Encodes a tensor as TensorProto with raw data. */
export function writeTensor(tensor: Tensor, name: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = tensor.data;
  const dataType = Number(Object.keys(dtypeByCode).find((code) => dtypeByCode[Number(code)] === tensor.dtype));
  const rawData = new Uint8Array(buffer, byteOffset, byteLength);
  return onnx.TensorProto.encode({ name, dims: [...tensor.shape], dataType, rawData }).finish();
}

function invalid(reason: string, cause?: unknown): OnboxError {
  return new OnboxError(`not a usable ONNX model: ${reason}`, { code: 'model-invalid', cause });
}

function decode<Message>(what: 'model' | 'tensor', read: () => Message): Message {
  try {
    return read();
  } catch (cause) {
    throw new OnboxError(`not a readable ONNX ${what}: its protobuf fields do not decode`, { code: `${what}-invalid`, cause });
  }
}

function plainDomain(domain: string | null | undefined): string {
  return domain === 'ai.onnx' ? '' : (domain ?? '');
}

function toNumber(value: Int64): number {
  return typeof value === 'number' ? value : value.high * 2 ** 32 + (value.low >>> 0);
}

function checkedName(name: string | null | undefined, of: string): string {
  const text = name ?? '';
  if (text.length > nameCharactersMax)
    throw invalid(`the name of ${of} has ${text.length} characters, more than ${nameCharactersMax}`);
  if (text.includes('\uFFFD')) throw invalid(`the name of ${of} is not UTF-8`);
  return text;
}

function decodeNode(node: onnx.INodeProto): OnnxNode {
  const name = checkedName(node.name, 'a node');
  const op = checkedName(node.opType, 'an operator');
  const attributes = (node.attribute ?? []).map((attribute) => {
    const key = checkedName(attribute.name, 'an attribute');
    return [key, decodeAttribute(attribute, `attribute ${quote(key)} of ${quote(op)} ${quote(name)}`)] as const;
  });
  return {
    name,
    op,
    domain: plainDomain(checkedName(node.domain, 'a domain')),
    inputs: (node.input ?? []).map((input) => checkedName(input, 'a value')),
    outputs: (node.output ?? []).map((output) => checkedName(output, 'a value')),
    attributes: new Map(attributes),
  };
}

function decodeAttribute(attribute: onnx.IAttributeProto, what: string): OnnxAttribute {
  const types = onnx.AttributeProto.AttributeType;
  switch (attribute.type) {
    case types.FLOAT:
      return attribute.f ?? 0;
    case types.INT:
      return toNumber(attribute.i ?? 0);
    case types.STRING:
      return decodeText(attribute.s ?? new Uint8Array(), what);
    case types.TENSOR:
      return decodeTensorAttribute(attribute.t ?? {}, what);
    case types.FLOATS:
      return attribute.floats ?? [];
    case types.INTS:
      return (attribute.ints ?? []).map(toNumber);
    case types.STRINGS:
      return (attribute.strings ?? []).map((text) => decodeText(text, what));
    default:
      return { unread: types[attribute.type ?? 0] ?? `type ${attribute.type}` };
  }
}

/** Not of 4 bits: only named values are known to have been. */
function decodeTensorAttribute(tensor: onnx.ITensorProto, what: string): Tensor {
  if (nibbleByCode[tensor.dataType ?? 0]) throw lacksType(what, tensor.dataType ?? 0);
  return decodeTensor(tensor, what, 'model-invalid');
}

function lacksType(what: string, code: number): OnboxError {
  return new OnboxError(`${what} has elements of type ${typeName(code)}, which onbox does not have`, {
    code: 'dtype-unsupported',
  });
}

function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid(`${what} is not UTF-8`, cause);
  }
}

function decodeValue(value: onnx.IValueInfoProto): OnnxValue {
  const name = checkedName(value.name, 'a graph input or output');
  const tensor = value.type?.tensorType;
  if (!tensor) return { name, dtype: undefined, typeText: 'no tensor', dims: undefined };
  const code = tensor.elemType ?? 0;
  const dims = tensor.shape?.dim?.map((dim) => {
    if (dim.dimParam) return checkedName(dim.dimParam, `a dimension of ${quote(name)}`);
    // An unset oneof still reads as its default, 0, through the prototype.
    return dim.dimValue === null || dim.dimValue === undefined ? undefined : toNumber(dim.dimValue);
  });
  return {
    name,
    dtype: dtypeByCode[code] ?? nibbleByCode[code],
    typeText: typeName(code),
    dims: tensor.shape ? (dims ?? []) : undefined,
  };
}

type InvalidCode = 'model-invalid' | 'tensor-invalid';

function decodeTensor(proto: onnx.ITensorProto, what: string, code: InvalidCode): Tensor {
  if (proto.dataLocation === onnx.TensorProto.DataLocation.EXTERNAL || proto.externalData?.length) {
    throw new OnboxError(`${what} keeps its data in another file; save the model with its weights inside`, {
      code: 'external-data',
    });
  }
  const nibble = nibbleByCode[proto.dataType ?? 0];
  const dtype = dtypeByCode[proto.dataType ?? 0] ?? nibble;
  if (!dtype) throw lacksType(what, proto.dataType ?? 0);
  if (proto.segment) throw new OnboxError(`${what} is a segment of a tensor`, { code });
  const shape = (proto.dims ?? []).map(toNumber);
  const count = checkedCount(shape, what, code);
  const raw = proto.rawData;
  if (nibble) {
    const bytes = raw?.length ? raw : Uint8Array.from((proto.int32Data ?? []).map(toNumber));
    if (bytes.length !== Math.ceil(count / 2)) {
      throw new OnboxError(`${what} of shape [${shape}] wants ${Math.ceil(count / 2)} bytes, got ${bytes.length}`, { code });
    }
    return { dtype, shape, data: unpackNibbles(bytes, count, nibble) };
  }
  if (raw && raw.length > 0) {
    if (raw.length !== count * dtypeBytes(dtype)) {
      throw new OnboxError(`${what} of shape [${shape}] wants ${count * dtypeBytes(dtype)} bytes, got ${raw.length}`, { code });
    }
    // Copied, so that the bytes of the file go when the model is read: one view would keep all of them.
    return { dtype, shape, data: viewBytes(dtype, new Uint8Array(raw)) };
  }
  const values = typedValues(proto, dtype);
  if (values.length !== count) {
    throw new OnboxError(`${what} of shape [${shape}] wants ${count} elements, got ${values.length}`, { code });
  }
  return { dtype, shape, data: fill(dtype, values) };
}

/** Two numbers a byte, the first in its lower half. */
function unpackNibbles(bytes: Uint8Array, count: number, dtype: 'u8' | 'i8'): TensorData {
  const data = allocate(dtype, count) as Uint8Array | Int8Array;
  for (let i = 0; i < count; i++) {
    const bits = ((bytes[i >> 1] ?? 0) >> (4 * (i & 1))) & 15;
    data[i] = dtype === 'i8' ? (bits << 28) >> 28 : bits;
  }
  return data;
}

function checkedCount(shape: readonly number[], what: string, code: InvalidCode): number {
  if (shape.length > rankMax) throw new OnboxError(`${what} has rank ${shape.length}, more than ${rankMax}`, { code });
  let count = 1;
  for (const extent of shape) {
    if (!Number.isSafeInteger(extent) || extent < 0) throw new OnboxError(`${what} has the extent ${extent}`, { code });
    count *= extent;
    if (count > elementsMax)
      throw new OnboxError(`${what} of shape [${shape}] has more than ${elementsMax} elements`, { code });
  }
  return count;
}

/** The field that onnx.proto assigns to each element type. */
function typedValues(proto: onnx.ITensorProto, dtype: Dtype): readonly Int64[] {
  switch (dtype) {
    case 'f32':
      return proto.floatData ?? [];
    case 'f64':
      return proto.doubleData ?? [];
    case 'i64':
      return proto.int64Data ?? [];
    case 'u64':
    case 'u32':
      return proto.uint64Data ?? [];
    default:
      return proto.int32Data ?? [];
  }
}

function fill(dtype: Dtype, values: readonly Int64[]): TensorData {
  const data = allocate(dtype, values.length);
  if (dtype !== 'i64' && dtype !== 'u64') {
    const numbers = data as Float32Array;
    values.forEach((value, index) => {
      numbers[index] = toNumber(value);
    });
    return data;
  }
  const words = new Int32Array(data.buffer);
  values.forEach((value, index) => {
    const [low, high] = typeof value === 'number' ? [value, Math.floor(value / 2 ** 32)] : [value.low, value.high];
    words[2 * index] = low;
    words[2 * index + 1] = high;
  });
  return data;
}
