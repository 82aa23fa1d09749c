// Operators whose result is known at import: constants, and what depends on shapes alone.

import { elementCount, type Shape, type Tensor, type TensorData, tensorOf } from '../../core/tensor.js';
import { tensorFrom } from '../../graph/numbers.js';
import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';
import { dtypeByCode, typeName } from '../model.js';
import { requireClosed } from '../open-extent.js';

export const constant: Importers = {
  Constant: importConstant,
  ConstantOfShape: importConstantOfShape,
  EyeLike: importEyeLike,
  Range: importRange,
  Shape: importShape,
  Size: (call) => call.scalar('i64', elementCount(closedShape(call))),
};

function importConstant(call: OnnxCall): Value {
  if (call.has('value')) return call.literal(call.tensor('value'));
  if (call.has('value_float')) return call.scalar('f32', call.number('value_float'));
  if (call.has('value_int')) return call.scalar('i64', call.number('value_int'));
  const floats = call.numbers('value_floats');
  if (floats) return call.literal(tensorOf('f32', [floats.length], floats));
  const integers = call.integers('value_ints');
  if (integers) return call.literal(tensorOf('i64', [integers.length], integers));
  throw call.invalid('only tensors, numbers and lists of numbers are supported as constants');
}

function importConstantOfShape(call: OnnxCall): Value {
  const shape = call.constantNumbers(0, 'shape') ?? [];
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) throw call.invalid(`[${shape}] is not a shape`);
  const fill: Tensor = call.has('value') ? call.tensor('value') : tensorOf('f32', [1], [0]);
  if (fill.data.length !== 1) throw call.invalid(`value wants one element, got ${fill.data.length}`);
  return call.fold(fill.dtype, shape, () => {
    const blank = tensorOf(fill.dtype, shape, []);
    (blank.data as { fill(value: unknown): TensorData }).fill(fill.data[0]);
    return blank;
  });
}

/** @throws OnboxError `shape-data-dependent` */
function closedShape(call: OnnxCall): Shape {
  requireClosed(call.input(0));
  return call.input(0).type.shape;
}

function importEyeLike(call: OnnxCall): Value {
  const { dtype, shape } = call.input(0).type;
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2) throw call.invalid(`wants rank 2, got [${shape}]`);
  const to = call.has('dtype') ? dtypeByCode[call.number('dtype')] : dtype;
  if (!to) throw call.invalid(`elements of type ${typeName(call.number('dtype'))}, which onbox does not have`);
  const offset = call.number('k', 0);
  return call.fold(to, shape, () => {
    const ones = Array.from({ length: rows * columns }, (_, i) => ((i % columns) - Math.floor(i / columns) === offset ? 1 : 0));
    return tensorOf(to, shape, ones);
  });
}

function importRange(call: OnnxCall): Value {
  const { dtype } = call.input(0).type;
  const [start, limit, delta] = ['start', 'limit', 'delta'].map((name, index) => call.constantNumbers(index, name)?.[0]);
  if (start === undefined || limit === undefined || delta === undefined) throw call.invalid('wants start, limit and delta');
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (!Number.isFinite(count)) throw call.invalid(`from ${start} to ${limit} by ${delta} never ends`);
  return call.fold(dtype, [count], () =>
    tensorFrom(
      { dtype, shape: [count] },
      Float64Array.from({ length: count }, (_, i) => start + i * delta),
    ),
  );
}

/** From opset 15 on, `start` and `end` choose some of the extents; both are clamped to the rank. */
function importShape(call: OnnxCall): Value {
  const extents = closedShape(call);
  const end = call.has('end') ? call.number('end') : extents.length;
  const chosen = extents.slice(call.number('start', 0), end);
  return call.literal(tensorOf('i64', [chosen.length], chosen));
}
