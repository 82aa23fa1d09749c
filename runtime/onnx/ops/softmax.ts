// Softmax and LogSoftmax. Before opset 13 they flatten their input to a matrix at `axis` and work on its rows.

import { elementCount } from '../../core/tensor.js';
import type { Importers, OnnxCall } from '../call.js';
import type { Value } from '../graph-writer.js';

export const softmax: Importers = {
  LogSoftmax: (call) => importSoftmax(call, 'log-softmax'),
  Softmax: (call) => importSoftmax(call, 'softmax'),
};

function importSoftmax(call: OnnxCall, kind: string): Value {
  const x = call.input(0);
  const { shape } = x.type;
  const axis = call.axis(call.number('axis', call.opset < 13 ? 1 : -1), shape.length);
  if (call.opset >= 13) return call.emit(kind, [x], { axis });
  const wide = shape.map((_, index) => index).filter((index) => index >= axis && shape[index] !== 1);
  if (wide.length <= 1) return call.emit(kind, [x], { axis: wide[0] ?? axis });
  const rows = call.reshape(x, [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis))]);
  return call.reshape(call.emit(kind, [rows], { axis: 1 }), shape);
}
