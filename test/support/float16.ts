// Converts a float32 ONNX model to float16, as the usual converters do: weights, constants, casts, inputs and outputs. What an operator
// wants as float32 whatever its data are (the scales of Resize) stays.

import { onnx } from 'onnx-proto';
import { numberToHalf } from '../../runtime/core/float16.js';

const types = onnx.TensorProto.DataType;

/** Inputs that are float32 in every model, by operator. */
const floatInputs: Readonly<Record<string, readonly number[]>> = {
  Resize: [1, 2],
  Upsample: [1],
  NonMaxSuppression: [0, 1, 3, 4],
};

/** The bytes of the model in float16. */
export function toFloat16(model: Uint8Array): Uint8Array {
  const proto = onnx.ModelProto.decode(model);
  const graph = proto.graph;
  if (!graph) throw new Error('the model holds no graph');
  const kept = new Set(
    (graph.node ?? []).flatMap((node) => (floatInputs[node.opType ?? ''] ?? []).map((index) => node.input?.[index] ?? '')),
  );
  for (const tensor of graph.initializer ?? []) if (!kept.has(tensor.name ?? '')) convert(tensor);
  for (const node of graph.node ?? []) {
    if (node.output?.some((name) => kept.has(name))) continue;
    for (const attribute of node.attribute ?? []) {
      if (attribute.t) convert(attribute.t);
      if (node.opType === 'Cast' && attribute.name === 'to' && Number(attribute.i) === types.FLOAT) attribute.i = types.FLOAT16;
    }
  }
  for (const { type } of [...(graph.input ?? []), ...(graph.output ?? [])]) {
    if (type?.tensorType?.elemType === types.FLOAT) type.tensorType.elemType = types.FLOAT16;
  }
  graph.valueInfo = [];
  return onnx.ModelProto.encode(proto).finish();
}

function convert(tensor: onnx.ITensorProto): void {
  if (tensor.dataType !== types.FLOAT) return;
  const raw = tensor.rawData?.length ? new Float32Array(Uint8Array.from(tensor.rawData).buffer) : tensor.floatData;
  const halves = Uint16Array.from(raw ?? [], numberToHalf);
  tensor.dataType = types.FLOAT16;
  tensor.rawData = new Uint8Array(halves.buffer);
  tensor.floatData = [];
}
