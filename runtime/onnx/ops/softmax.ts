// Softmax, LogSoftmax and Hardmax. Before opset 13 they flatten their input to a matrix at `axis` and work on its rows.

import { elementCount, tensorOf } from '../../core/tensor.js';
import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const softmax: Importers = {
  Hardmax: (call) => overRows(call, (x, axis) => emitHardmax(call, x, axis)),
  LogSoftmax: (call) => overRows(call, (x, axis) => call.emit('log-softmax', [x], { axis })),
  Softmax: (call) => overRows(call, (x, axis) => call.emit('softmax', [x], { axis })),
};

function overRows(call: OnnxCall, emit: (x: Value, axis: number) => Value): Value {
  const x = call.input(0);
  const { shape } = x.type;
  const axis = call.axis(call.number('axis', call.opset < 13 ? 1 : -1), shape.length);
  if (call.opset >= 13) return emit(x, axis);
  const wide = shape.map((_, index) => index).filter((index) => index >= axis && shape[index] !== 1);
  if (wide.length <= 1) return emit(x, wide[0] ?? axis);
  const rows = call.reshape(x, [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis))]);
  return call.reshape(emit(rows, 1), shape);
}

/** 1 at the first of the greatest, 0 elsewhere. */
function emitHardmax(call: OnnxCall, x: Value, axis: number): Value {
  const extent = x.type.shape[axis] ?? 1;
  const first = call.emit('arg-max', [x], { axis, keepDims: true, selectLast: false });
  const shape = x.type.shape.map((_, i) => (i === axis ? extent : 1));
  const places = call.fold('i64', shape, () =>
    tensorOf(
      'i64',
      shape,
      Array.from({ length: extent }, (_, i) => i),
    ),
  );
  return call.emit('cast', [call.emit('equal', [first, places])], { to: x.type.dtype });
}
