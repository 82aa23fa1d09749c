// Operators that read or write elements by index, and running sums.

import { type Tensor, tensorOf } from '../../core/tensor.js';
import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const gather: Importers = {
  CumSum: importCumSum,
  Gather: (call) => importGather(call, 'gather'),
  GatherElements: (call) => importGather(call, 'gather-elements'),
  GatherND: (call) => call.emit('gather-nd', [call.input(0), call.input(1)], { batchDims: call.number('batch_dims', 0) }),
  Scatter: importScatterElements,
  ScatterElements: importScatterElements,
  ScatterND: (call) =>
    call.emit('scatter-nd', [call.input(0), call.input(1), call.input(2)], { reduction: call.text('reduction', 'none') }),
};

function importGather(call: OnnxCall, kind: string): Value {
  const x = call.input(0);
  const axis = call.axis(call.number('axis', 0), x.type.shape.length);
  return call.emit(kind, [x, normalIndices(call, call.input(1), x.type.shape[axis] ?? 0)], { axis });
}

function importScatterElements(call: OnnxCall): Value {
  const x = call.input(0);
  const axis = call.axis(call.number('axis', 0), x.type.shape.length);
  const indices = normalIndices(call, call.input(1), x.type.shape[axis] ?? 0);
  return call.emit('scatter-elements', [x, indices, call.input(2)], { axis, reduction: call.text('reduction', 'none') });
}

/** Constant indices, checked and counted from the beginning; others stay as they are. */
function normalIndices(call: OnnxCall, indices: Value, extent: number): Value {
  const tensor: Tensor | undefined = indices.constant;
  if (!tensor) return indices;
  const numbers = Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  const outside = numbers.find((index) => index < -extent || index >= extent);
  if (outside !== undefined) throw call.invalid(`index ${outside} is outside 0 to ${extent - 1}`);
  if (numbers.every((index) => index >= 0)) return indices;
  const normal = numbers.map((index) => (index < 0 ? index + extent : index));
  return call.literal(tensorOf(tensor.dtype, tensor.shape, normal));
}

function importCumSum(call: OnnxCall): Value {
  const x = call.input(0);
  const axis = call.axis(call.constantNumbers(1, 'axis')?.[0] ?? 0, x.type.shape.length);
  return call.emit('cum-sum', [x], { axis, exclusive: call.flag('exclusive', false), reverse: call.flag('reverse', false) });
}
